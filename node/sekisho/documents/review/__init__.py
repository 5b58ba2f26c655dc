"""Reviews: a contract said in plain words, in English or Japanese, with nothing left out."""

from sekisho.documents.review.page import Language, review, review_facts

__all__ = ["Language", "review", "review_facts"]
