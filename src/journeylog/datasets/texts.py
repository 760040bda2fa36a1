"""Short comments of customers, by kind of survey and by mood; mostly English, some Russian."""

from __future__ import annotations

__all__ = ["COMMENTS", "REASONS"]

_SITE = (
    (
        "Filters do not work, I cannot find an oak table",
        "Too slow on my phone",
        "Цены не видно, пока не зайдёшь в карточку",
    ),
    ("Fine, but the photos are small", "Search is so-so", "Нормально, но мало отзывов"),
    ("Easy to find everything", "Nice photos, clear prices", "Удобный сайт, спасибо"),
)
_CHECKOUT = (
    ("The card payment failed twice", "Why do I have to register?", "Не смог оплатить с первого раза"),
    ("Delivery cost appears only at the end", "Works, but many fields", "Много лишних полей"),
    ("Quick checkout", "Paid in a minute, great", "Оформил за минуту"),
)
_REVIEW = (
    (
        "Waited two weeks before it was even shipped",
        "Paid at once, then silence for ten days",
        'Box damaged, nobody answers; "soon" is all they say',
        "Очень долго отправляли заказ",
    ),
    ("The table is good, the wait is not", "Okay, but slow delivery", "Товар хороший, доставка долгая"),
    ("Beautiful sofa, thank you!", "Better than in the picture 🙂", "Отличный диван, рекомендую"),
)
_SUPPORT = (
    ("Three answers and still no solution", "They only sent a template", "Ответили через сутки и не по делу"),
    ("Solved in the end", "Polite, but slow", "Решили, но не сразу"),
    ("Solved within the hour", "Very kind operator", "Быстро помогли"),
)

COMMENTS = {"site_poll": _SITE, "checkout_survey": _CHECKOUT, "review": _REVIEW, "support_survey": _SUPPORT}
"""Texts by survey: low (0 to 4), middle (5 to 7), high (8 to 10)."""

REASONS = ("where is my order", "damaged", "wrong item", "how to assemble", "invoice")
"""Why tickets are opened."""
