"""What onOffice's answers say: two levels, and HTTP 200 for all of it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from worker.errors import (
    ClosedError,
    PermanentError,
    RepeatError,
    TargetError,
    UnauthorizedError,
    UnknownOutcomeError,
)
from worker.sending.wire import Response
from worker.targets.answer import json_answer, quoted
from worker.targets.base import Step
from worker.targets.onoffice.calls import Action, Ask, secrets
from worker.targets.onoffice.codes import CLOSED, STALE, Refusal, error
from worker.targets.onoffice.settings import OnOfficeSettings
from worker.targets.status import refusal

# https://apidoc.onoffice.de/onoffice-api-response/response-elemente/status/, read 2026-01
OK, NOT_AUTHENTICATED, FAILED = 200, 400, 500
IN_AN_ACTION = 97

Records = list[Any]
Verdict = Records | TargetError  # of one action


def read(settings: OnOfficeSettings, steps: Sequence[Step], response: Response) -> list[Any]:
    """Return for each step its actions' verdicts, or its own error; raises what is about all steps."""
    failed = refusal(response)
    if failed is not None:
        raise failed
    body = json_answer(response)
    top = Reader(settings, body if isinstance(body, dict) else {})
    asked = [action for step in steps for action in step.body.actions]
    verdicts = iter(top.verdicts(asked))
    return [_of_step(step.body, [next(verdicts) for _ in step.body.actions]) for step in steps]


def related(records: Records, link_end: int) -> frozenset[int]:
    """Return the ids that a look-up shows beside this id; no hit has four shapes (contract.md 3.1)."""
    elements = records[0].get("elements") if records and isinstance(records[0], dict) else None
    found = elements.get(str(link_end)) if isinstance(elements, dict) else None
    # PHP writes a list with holes as an object.
    ids = list(found.values()) if isinstance(found, dict) else found or []
    if not isinstance(ids, list) or not all(re.fullmatch(r"\d{1,10}", str(one), re.ASCII) for one in ids):
        raise PermanentError("onOffice: the look-up shows ids in no known form", reason="unexpected_answer")
    return frozenset(int(one) for one in ids)


class Reader:
    """One answer with its top level understood."""

    def __init__(self, settings: OnOfficeSettings, body: Mapping[str, Any]) -> None:
        self._settings = settings
        self._status = _mapping(body.get("status"))
        found = _mapping(body.get("response")).get("results")
        self._results = [_mapping(result) for result in found] if isinstance(found, list) else []
        self._wait = settings.on_missing_record == "retry"

    def verdicts(self, actions: Sequence[Action]) -> list[Verdict]:
        """Return one verdict an action; raises what the top level says where it has no results to show.

        Where it says that the request failed, no action was well; one with an error of its own keeps that.
        """
        top = self._top()
        if top is not None and (not self._results or isinstance(top, ClosedError | RepeatError)):
            raise top
        verdicts = [self._verdict(action, found, top) for action, found in self._paired(actions)]
        if top is None or self._points_inside():
            return verdicts
        return [verdict if isinstance(verdict, TargetError) else top for verdict in verdicts]

    def _points_inside(self) -> bool:
        """Whether the top level says no more than that an action failed: by 97, or by repeating its code."""
        number = _number(self._status.get("errorcode"))
        if number == IN_AN_ACTION:
            return True
        codes = {_number(_status(result).get("errorcode")) for result in self._results}
        return bool(number) and number in codes and _number(self._status.get("code")) == FAILED

    def _top(self) -> TargetError | None:
        """Return the error of the top level, None when it is well."""
        code, number = _number(self._status.get("code")), _number(self._status.get("errorcode"))
        if number not in {0, IN_AN_ACTION} and number is not None:
            if code == NOT_AUTHENTICATED and number not in CLOSED | {STALE}:
                return self._closed(number)
            return self._error(number, self._status)
        if code == NOT_AUTHENTICATED:
            return self._closed(number or 0)
        if code == OK and number == 0:
            return None
        text = f"onOffice: an answer of no known form (code {code}, errorcode {number})"
        return PermanentError(text, reason="unexpected_answer")

    def _paired(self, actions: Sequence[Action]) -> list[tuple[Action, Mapping[str, Any] | None]]:
        """Put each action beside its result: in order when their numbers agree, else by identifier.

        Identifiers are made from event ids, which two sources may have in common.
        """
        asked = [action.identifier for action in actions]
        names = [result.get("identifier") or name for name, result in zip(asked, self._results, strict=False)]
        if len(self._results) == len(actions) and names == asked:
            return list(zip(actions, self._results, strict=True))
        named = {str(result.get("identifier")): result for result in self._results}
        unique = len(named) == len(self._results) and len(set(asked)) == len(asked)
        return [(action, named.get(action.identifier) if unique else None) for action in actions]

    def _verdict(self, action: Action, result: Mapping[str, Any] | None, top: TargetError | None) -> Verdict:
        if result is None:
            return UnknownOutcomeError(f"onOffice: no result came back. {action.about}.")
        status = _status(result)
        number = _number(status.get("errorcode", 0 if top is None else None))
        if number is None:
            return top or PermanentError("onOffice: a result without errorcode", reason="unexpected_answer")
        if number != 0:
            return self._error(number, status, action.about)
        if status.get("code", OK) != OK:
            return PermanentError(f"onOffice: failed without errorcode. {action.about}.", reason="unexpected_answer")
        records = _mapping(result.get("data")).get("records")
        return records if isinstance(records, list) else []

    def _error(self, number: int, status: Mapping[str, Any], about: str = "") -> TargetError:
        said = Refusal(number, quoted(status.get("message"), secrets(self._settings)).rstrip("."), about)
        return error(said, record_may_come=self._wait)

    def _closed(self, number: int) -> UnauthorizedError:
        text = quoted(self._status.get("message"), secrets(self._settings)).rstrip(".")
        return UnauthorizedError(f"onOffice {number}: not authenticated ({text})", code=str(number))


def _of_step(ask: Ask, verdicts: list[Verdict]) -> Any:
    """Return what the step's course is sent: verdicts, or one error that is about the whole step."""
    errors = [verdict for verdict in verdicts if isinstance(verdict, TargetError)]
    if ask.probe:
        errors = [found for found in errors if not isinstance(found, PermanentError)]
    for found in errors:
        if not isinstance(found, PermanentError) or len(verdicts) == 1:
            return found
    return tuple(verdicts)


def _status(result: Mapping[str, Any]) -> Mapping[str, Any]:
    return _mapping(result.get("status")) or _mapping(_mapping(result.get("data")).get("status"))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: Any) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if isinstance(value, str) and re.fullmatch(r"\d{1,9}", value, re.ASCII) else None
