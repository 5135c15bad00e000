from __future__ import annotations

import pytest
from app.core import errors
from app.core.errors import InvalidInput, Issue, IssueCollector, refuse, within


def test_an_issue_says_where_it_is_for_people_and_for_programs() -> None:
    issue = Issue(("servers", 0, "a/b~c"), "must be that")
    assert issue.field == "servers.0.a/b~c"
    assert issue.pointer == "/servers/0/a~1b~0c"


def test_an_issue_of_the_whole_input_has_no_path() -> None:
    issue = Issue((), "must be that")
    assert (issue.field, issue.pointer) == ("input", "")


def test_an_error_names_every_field_and_rule() -> None:
    error = InvalidInput(Issue(("a",), "must be this"), Issue(("b", 1), "must be that"))
    assert str(error) == "a: must be this; b.1: must be that"


def test_paths_grow_from_the_inside() -> None:
    with pytest.raises(InvalidInput) as refused, within("outer", 3):
        raise refuse("must be that", "inner")
    assert refused.value.issues == (Issue(("outer", 3, "inner"), "must be that"),)
    # Not even as the context: what was caught on the way is of no interest.
    assert refused.value.__cause__ is None


def test_nothing_happens_to_what_is_right() -> None:
    with within("outer"):
        pass
    issues = IssueCollector()
    with issues.at("field"):
        pass
    issues.close()


def fail(error: InvalidInput) -> None:
    raise error


def test_all_issues_are_gathered() -> None:
    issues = IssueCollector()
    with issues.at("a"):
        fail(InvalidInput(Issue(("x",), "must be 1"), Issue(("y",), "must be 2")))
    issues.add("must be 3", "b", 0)
    with issues.at():
        fail(refuse("must be 4"))
    with pytest.raises(InvalidInput) as refused:
        issues.close()
    assert [(issue.field, issue.rule) for issue in refused.value.issues] == [
        ("a.x", "must be 1"),
        ("a.y", "must be 2"),
        ("b.0", "must be 3"),
        ("input", "must be 4"),
    ]


def test_other_errors_are_not_gathered() -> None:
    with pytest.raises(ZeroDivisionError), IssueCollector().at("a"):
        raise ZeroDivisionError


SENTENCES = {
    errors.DomainNotFound("a.example"): "The domain a.example is not known here.",
    errors.MailboxNotFound("a.example"): "The domain a.example has no such mailbox of its own.",
    errors.ProviderNotFound("p"): "The provider p is not known here.",
    errors.ServerNotFound("imap"): "There is no server imap here.",
    errors.FormatNotFound("x", ("a", "b")): "There is no format x; there are a, b.",
    errors.DomainTaken("a.example"): "The domain a.example is stored already.",
    errors.MailboxTaken("a.example"): "The domain a.example has that mailbox already.",
    errors.ProviderTaken("p"): "The provider p is stored already.",
    errors.ProviderInUse("p", 3): "The provider p still has 3 domains.",
    errors.DomainInUse("a.example", 2): "The domain a.example still has 2 aliases.",
    errors.ConcurrentChange(
        "The domain"
    ): "The domain was changed by somebody else at the same moment; try again.",
    errors.StaleVersion(3): "The version in If-Match is not the present one: the present one is 3.",
    errors.StaleVersion(None): "The version in If-Match is not the present one: nothing is stored.",
    errors.NotAuthenticated(): "A valid bearer token is needed.",
    errors.NotPermitted("admin"): "The token lacks the scope admin, or is limited to a provider.",
    errors.SweepingChange(
        20, 30
    ): "This would change or remove 20 of 30 stored entries; look at it with --dry-run, "
    "then add --force if it is meant.",
    errors.NotAvailable("database"): "The database does not answer at the moment.",
    errors.NotAvailable("database", "is asleep"): "The database is asleep.",
}


@pytest.mark.parametrize("error", SENTENCES, ids=lambda error: type(error).__name__)
def test_an_error_is_a_sentence(error: errors.AppError) -> None:
    assert str(error) == SENTENCES[error]


def test_errors_about_mailboxes_do_not_name_them() -> None:
    for error in (errors.MailboxNotFound, errors.MailboxTaken):
        assert list(error.__init__.__annotations__) == ["domain", "return"]
