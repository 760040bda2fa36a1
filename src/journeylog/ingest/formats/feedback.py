"""What customers say: surveys with one score, reviews, and Qualtrics.

The score is scaled to [-1, 1] by the scale that the format names; the answer as it was given stays in
``score_original`` and its scale in ``score_scale``. A row without an answer is an event too (it was asked, and not
answered), with another name.
"""

from __future__ import annotations

from typing import Any, Final

from journeylog.ingest.formats.declare import Format, Take
from journeylog.ingest.formats.fields import (
    AnyField,
    First,
    Given,
    Is,
    Not,
    Score,
    StartsWith,
    When,
)
from journeylog.ingest.roles import Constant

__all__ = ["FORMATS", "survey"]

_WHO: Final = First("customer_id", "user_id", "contact_id", "respondent_id", "client_id", "email")
_WHEN: Final = First(
    "responded_at", "submitted_at", "completed_at", "answered_at", "created_at", "timestamp", "date"
)
_WORDS: Final = First("comment", "feedback", "text", "reason", "message", "verbatim")
_ID: Final = First("response_id", "answer_id", "survey_response_id", "id")
_FALSE: Final = ("0", "false", "False", "FALSE", "no", "No")


def survey(name: str, about: str, scale: str | tuple[float, float], score: AnyField, **more: Any) -> Format:
    """Return the format of a table with one answer a row.

    Parameters
    ----------
    name, about : str
        The name is that of the event too: ``"nps answered"`` where there is a score, ``"nps unanswered"`` else.
    scale : str or pair of float
        ``"nps"``, ``"csat5"``, ``"csat7"``, ``"csat10"``, ``"ces7"``, ``"stars5"``, ``"thumbs"`` or (lowest, highest).
    score : field
    **more
        As for :class:`Format`.

    Examples
    --------
    >>> survey("mood", "how was it?", (0, 100), "slider").score
    Score(of='slider', scale=(0, 100))
    """
    unfinished = Is(First("finished", "completed", "is_complete"), *_FALSE)
    declared = {"actor": _WHO, "time": _WHEN, "text": _WORDS, "event_id": _ID, **more}
    return Format(
        name=name,
        about=about,
        event=First(
            When(unfinished, Constant(f"{name} unfinished")),
            When(Given(score), Constant(f"{name} answered"), Constant(f"{name} unanswered")),
        ),
        score=Score(score, scale),
        missing=("", "NA", "N/A", "n/a", "null"),
        traps=(
            "an answer off the scale is a reject (SCORE_INVALID), never clipped",
            "rows of people who did not finish are events of another name",
            "times without a zone need tz=",
        ),
        **declared,
    )


_ANSWER: Final = First("score", "rating", "answer", "value")
NPS: Final = survey("nps", "Net Promoter Score survey, 0 to 10", "nps", First("nps_score", "nps", _ANSWER))
CSAT: Final = survey(
    "csat", "Customer satisfaction survey, 1 to 5", "csat5", First("csat_score", "csat", _ANSWER)
)
CES: Final = survey(
    "ces", "Customer effort survey, 1 to 7 (7: easy)", "ces7", First("ces_score", "ces", _ANSWER)
)
STARS: Final = survey("stars", "Star ratings, 1 to 5", "stars5", First("stars", "star_rating", _ANSWER))
REVIEWS: Final = Format(
    name="reviews",
    about="Product reviews with stars and a text",
    actor=First("customer_id", "user_id", "reviewer_id", "author_id", "author", "email"),
    event=Constant("review"),
    time=First("review_creation_date", "review_date", "reviewed_at", "created_at", "submitted_at", "date"),
    event_id=First("review_id", "id"),
    score=Score(First("review_score", "stars", "star_rating", "rating", "score"), "stars5"),
    text=First("review_comment_message", "review_text", "review_body", "body", "text", "comment", "content"),
    missing=("", "NA", "null"),
    traps=(
        "one order may have several reviews, and one review several orders: the id decides",
        "a review may be written long after the purchase; its time is when it was written",
    ),
)

#: Rows two and three of an export hold the questions and the ids of its columns.
_HEADINGS: Final = (
    Is("ResponseId", "Response ID"),
    StartsWith("ResponseId", '{"ImportId"'),
)
_QUALTRICS_WHO: Final = First("ExternalReference", "ExternalDataReference", "RecipientEmail", "ResponseId")
QUALTRICS: Final = Format(
    name="qualtrics",
    about="Qualtrics responses as exported (CSV, TSV), with its rows of headings",
    docs="https://www.qualtrics.com/support/survey-platform/data-and-analysis-module/data/download-data/understanding-your-dataset/",
    actor=_QUALTRICS_WHO,
    event_id="ResponseId",
    takes=(
        Take("survey_started", time="StartDate"),
        Take("survey_completed", time=First("EndDate", "RecordedDate"), when=Not(Is("Finished", *_FALSE))),
        Take("survey_left", time=First("EndDate", "RecordedDate"), when=Is("Finished", *_FALSE)),
    ),
    channel="DistributionChannel",
    attributes={
        "response": "ResponseId",
        "progress": "Progress",
        "status": "Status",
        "language": "UserLanguage",
    },
    not_events=_HEADINGS,
    missing=("", "-99"),
    traps=(
        "the second and the third row are headings: NOT_AN_EVENT",
        "times are in the zone that the export was made for (see its third row): pass tz=",
        "an answer that was not finished is closed by Qualtrics days later: EndDate is the last act, RecordedDate that "
        "closing",
        "Status tells previews and tests (Survey Preview, Survey Test) from answers",
        "who answers an anonymous link is an actor for this answer alone, by its response id",
        "which question is the score is not known: format.but(takes=...) with Score('Q1_NPS', 'nps')",
    ),
)
QUALTRICS_TABLE: Final = QUALTRICS.but(
    name="qualtrics_responses",
    about="Qualtrics responses as loaded into a warehouse (survey_response)",
    actor=First("recipient_email", "id"),
    event_id="id",
    takes=(
        Take("survey_started", time="start_date"),
        Take("survey_completed", time=First("end_date", "recorded_date"), when=Not(Is("finished", *_FALSE))),
        Take("survey_left", time=First("end_date", "recorded_date"), when=Is("finished", *_FALSE)),
    ),
    channel="distribution_channel",
    attributes={
        "response": "id",
        "survey": "survey_id",
        "progress": "progress",
        "status": "status",
        "language": "user_language",
    },
    not_events=None,
    tz="UTC",
    traps=QUALTRICS.traps[2:5],
)
QUALTRICS_CONTACTS: Final = Format(
    name="qualtrics_contacts",
    about="Qualtrics invitations as loaded into a warehouse (distribution_contact)",
    actor="contact_id",
    takes=(
        Take("survey_sent", time="sent_at"),
        Take("survey_opened", time="opened_at"),
        Take("survey_link_started", time="response_started_at"),
        Take("survey_link_completed", time="response_completed_at"),
    ),
    attributes={"response": "response_id", "distribution": "distribution_id"},
    tz="UTC",
    traps=("the opening of a mail may be that of a machine", "a stamp that is missing is not yet, no event"),
)

FORMATS: Final = (NPS, CSAT, CES, STARS, REVIEWS, QUALTRICS, QUALTRICS_TABLE, QUALTRICS_CONTACTS)
