"""Access logs of web servers, proxies and load balancers: one line is one request.

The event is the method and the page: ``GET /item/{id}``. A request is not a page view: styles, images and calls of
programs are requests too, kept and told apart by the attribute ``kind``; machines that say so have ``bot``. The
actor is the user who signed in at the server, if the log has one, else the address together with the user agent:
that is not a person. A household or an office is one address, and a phone on the move is many.
"""

from __future__ import annotations

from typing import Any, Final

from journeylog.ingest.formats.declare import Format, Link
from journeylog.ingest.formats.fields import AnyField, First, Given, Join, Not, Template
from journeylog.ingest.formats.parts import Bot, Decoded, Match, Number, Query, UrlKind

__all__ = ["FORMATS", "access_log"]

_UTM: Final = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
_NOT_A_PERSON: Final = "an address with a user agent is not a person: offices share one, phones have many"
_LINE_TIME: Final = "%d/%b/%Y:%H:%M:%S %z"

_QUOTED: Final = r'(?:[^"\\]|\\.)*'
#: A request line that holds a request; anything else in its place leaves method and URL missing.
_REQUEST: Final = (
    rf'"(?:(?P<method>[A-Z]{{1,20}}) (?P<url>(?:[^"\\]|\\.)*?)(?: (?P<protocol>HTTP/[0-9.]+))?|{_QUOTED})"'
)
_COMMON: Final = (
    r"^(?P<ip>\S+) (?P<ident>\S+) (?P<user>.*?) \[(?P<time>[^\]]+)\] "
    rf"{_REQUEST} (?P<status>\d{{3}}|-) (?P<bytes>\d+|-)"
)
_COMBINED: Final = (
    r"^(?:(?P<host>\S+:\d+) )?"
    + _COMMON[1:]
    + rf' "(?P<referer>{_QUOTED})" "(?P<agent>{_QUOTED})"(?: (?P<more>.*))?$'
)
_SPENT: Final = r"-?\d[\d.]*|-"
_TARGETS: Final = (
    rf"(?P<request_processing_time>{_SPENT}) (?P<target_processing_time>{_SPENT}) (?P<response_processing_time>{_SPENT}) "
    r"(?P<status>\d{3}|-) (?P<target_status>\d{1,3}|-) (?P<received_bytes>\d+|-) (?P<bytes>\d+|-) "
)
_ELB: Final = (
    r"^(?P<time>\d{4}-\S+) (?P<elb>\S+) (?P<ip>\S+?)(?::(?P<client_port>\d+))? (?P<target>\S+) "
    rf'{_TARGETS}{_REQUEST}(?: "(?P<agent>{_QUOTED})" (?P<ssl_cipher>\S+) (?P<ssl_protocol>\S+))?(?: .*)?$'
)
_ALB: Final = (
    r"^(?P<type>\S+) (?P<response_time>\d{4}-\S+) (?P<elb>\S+) (?P<ip>\S+?)(?::(?P<client_port>\d+))? (?P<target>\S+) "
    rf'{_TARGETS}{_REQUEST} "(?P<agent>{_QUOTED})" (?P<ssl_cipher>\S+) (?P<ssl_protocol>\S+) '
    r'(?P<target_group_arn>\S+) "(?P<trace_id>[^"]*)" "(?P<domain_name>[^"]*)" "(?P<chosen_cert_arn>[^"]*)" '
    r'(?P<matched_rule_priority>\S+) (?P<request_creation_time>\S+) "(?P<actions_executed>[^"]*)" '
    r'"(?P<redirect_url>[^"]*)" "(?P<error_reason>[^"]*)"(?: .*)?$'
)


def access_log(
    name: str,
    about: str,
    *,
    ip: AnyField = "ip",
    agent: AnyField | None = "agent",
    user: AnyField | None = "user",
    method: AnyField = "method",
    url: AnyField = "url",
    referer: AnyField | None = "referer",
    status: AnyField = "status",
    bytes: AnyField = "bytes",
    traps: tuple[str, ...] = (),
    **more: Any,
) -> Format:
    """Return the format of a log of requests.

    Parameters
    ----------
    name, about : str
    ip, agent, user : field
        Who asked: the user, or else the address and the user agent.
    method, url : field
        What was asked for: the event.
    referer, status, bytes : field
    traps : tuple of str
    **more
        As for :class:`Format`; `attributes` are added to those of every such log.

    Examples
    --------
    >>> log = access_log("mine", "our gateway", ip="client", agent="ua", user=None, url="path", time="at")
    >>> sorted(log.attributes)[:6]
    ['agent', 'bot', 'bytes', 'ip', 'kind', 'method']
    """
    visitor = ip if agent is None else Join(ip, agent, sep=" ", missing="-")
    listed: dict[str, AnyField | None] = {
        "ip": ip, "user": user, "agent": agent, "method": method, "url": url, "referer": referer,
        "status": Number(status), "bytes": Number(bytes), "kind": UrlKind(url),
        "bot": None if agent is None else Bot(agent),
        **{utm: Query(url, utm) for utm in _UTM}, **more.pop("attributes", {}),
    }  # fmt: skip
    return Format(
        name=name,
        about=about,
        actor=visitor if user is None else First(user, visitor),
        event=Join(method, Template(url), sep=" "),
        attributes={key: field for key, field in listed.items() if field is not None},
        links=() if user is None else (Link(visitor, user),),
        missing=("-", ""),
        traps=(_NOT_A_PERSON, *traps),
        **more,
    )


_SECONDS: Final = "times are whole seconds: requests of one second are ties, in the order of the log"
_END: Final = "the time is that of the answer's end, not of the request"

APACHE_COMMON: Final = access_log(
    "apache_common",
    "Access log in the Common Log Format (Apache, and many others)",
    docs="https://httpd.apache.org/docs/current/logs.html#common",
    agent=None,
    referer=None,
    time="time",
    time_format=_LINE_TIME,
    container="lines",
    pattern=_COMMON + "$",
    traps=(
        _SECONDS,
        "without user agents, bots cannot be told and the actor is the address alone",
        "what stands in place of a request (a TLS hello, a line cut off) has no event: EVENT_NULL",
    ),
)
APACHE_COMBINED: Final = access_log(
    "apache_combined",
    "Access log in the Combined Log Format (Apache), with or without the virtual host in front",
    docs="https://httpd.apache.org/docs/current/logs.html#combined",
    time="time",
    time_format=_LINE_TIME,
    container="lines",
    pattern=_COMBINED,
    traps=(
        _SECONDS,
        "the time is that of the request",
        "fields behind the user agent are kept together in 'more'",
        "what stands in place of a request (a TLS hello, a line cut off) has no event: EVENT_NULL",
    ),
)
NGINX_COMBINED: Final = APACHE_COMBINED.but(
    name="nginx_combined",
    about="Access log of nginx in its format combined",
    docs="https://nginx.org/en/docs/http/ngx_http_log_module.html",
    traps=(
        _NOT_A_PERSON,
        _SECONDS,
        _END,
        "behind a proxy the address is the proxy's, unless realip is set up",
    ),
)
NGINX_JSON: Final = access_log(
    "nginx_json",
    "Access log of nginx as JSON, its keys called like its variables",
    docs="https://nginx.org/en/docs/http/ngx_http_log_module.html",
    ip="remote_addr",
    agent="http_user_agent",
    user="remote_user",
    method=First("request_method", Match("request", r"^(?P<method>[A-Z]+) ")),
    url=First("request_uri", Match("request", r"^[A-Z]+ (?P<url>.*?)(?: HTTP/[0-9.]+)?$"), "uri"),
    referer="http_referer",
    bytes=First("body_bytes_sent", "bytes_sent"),
    time=First("time_iso8601", "@timestamp", "timestamp", "time"),
    traps=(
        _END,
        "nginx has no JSON format of its own: other keys are said with .but(...)",
        "$msec: time_unit='s'",
    ),
)
CADDY: Final = access_log(
    "caddy",
    "Access log of Caddy (JSON)",
    docs="https://caddyserver.com/docs/caddyfile/directives/log",
    ip=First("request.client_ip", "request.remote_ip", Match("request.remote_addr", r"^(?P<ip>.*):\d+$")),
    agent="request.headers.User-Agent.0",
    user="user_id",
    method="request.method",
    url="request.uri",
    referer="request.headers.Referer.0",
    bytes="size",
    time="ts",
    time_unit="s",
    not_events=Not(Given("request.method")),
    attributes={"host": "request.host", "protocol": "request.proto"},
    traps=(_END, "lines of other loggers in the same file are no requests: NOT_AN_EVENT"),
)
TRAEFIK: Final = access_log(
    "traefik",
    "Access log of Traefik (JSON)",
    docs="https://doc.traefik.io/traefik/observability/access-logs/",
    ip="ClientHost",
    agent="request_User-Agent",
    user="ClientUsername",
    method="RequestMethod",
    url="RequestPath",
    referer="request_Referer",
    status="DownstreamStatus",
    bytes="DownstreamContentSize",
    time="StartUTC",
    attributes={"host": "RequestHost", "protocol": "RequestProtocol"},
    traps=(
        "headers are left out unless accessLog.fields.headers keeps them: without User-Agent no bots are told",
        "Duration is in nanoseconds",
    ),
)
ELB: Final = access_log(
    "elb",
    "Access log of an AWS Classic Load Balancer",
    docs="https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/access-log-collection.html",
    user=None,
    referer=None,
    time="time",
    container="lines",
    pattern=_ELB,
    traps=("the URL holds scheme, host and port; lines of TCP listeners hold no request: EVENT_NULL",),
)
ALB: Final = access_log(
    "alb",
    "Access log of an AWS Application Load Balancer",
    docs="https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html",
    user=None,
    referer=None,
    time=First("request_creation_time", "response_time"),
    container="lines",
    pattern=_ALB,
    traps=(
        "the time is that of the request (request_creation_time); the first one of the line is that of the answer",
        "fields that AWS adds behind error_reason are not read",
    ),
)
_W3C_TIME: Final = Join("date", "time", sep=" ")
_W3C_URL: Final = First(Join("cs-uri-stem", "cs-uri-query", sep="?"), "cs-uri-stem")
CLOUDFRONT: Final = access_log(
    "cloudfront",
    "Standard log of AWS CloudFront (W3C, tabs)",
    docs="https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/AccessLogs.html",
    ip="c-ip",
    agent=Decoded("cs(User-Agent)", times=2, plus=False),
    user=None,
    method="cs-method",
    url=_W3C_URL,
    referer=Decoded("cs(Referer)", plus=False),
    status="sc-status",
    bytes="sc-bytes",
    event_id="x-edge-request-id",
    time=_W3C_TIME,
    tz="UTC",
    container="w3c",
    attributes={"host": First("x-host-header", "cs(Host)")},
    traps=(
        _END,
        "files are delivered hours late, out of order, and at times twice: the request id makes that one",
        "the status 000 says that the viewer hung up",
    ),
)
IIS: Final = access_log(
    "iis",
    "Log of Microsoft IIS (W3C extended, with its line #Fields:)",
    docs="https://learn.microsoft.com/en-us/windows/win32/http/w3c-logging",
    ip="c-ip",
    agent=Decoded("cs(User-Agent)"),
    user="cs-username",
    method="cs-method",
    url=_W3C_URL,
    referer="cs(Referer)",
    status="sc-status",
    bytes="sc-bytes",
    time=_W3C_TIME,
    tz="UTC",
    container="w3c",
    attributes={"host": First("cs-host", "s-computername")},
    traps=(_END, "times are UTC whatever the clock of the server shows", "a restart may change the columns"),
)

FORMATS: Final = (
    APACHE_COMMON, APACHE_COMBINED, NGINX_COMBINED, NGINX_JSON, CADDY, TRAEFIK, ELB, ALB, CLOUDFRONT, IIS,
)  # fmt: skip
