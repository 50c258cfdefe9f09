"""An alert in words, for people: title, lines, in plain text. For `slack` and `email`."""

from agentbus.contracts.alerts import AlertChange


def title(change: AlertChange) -> str:
    """Returns one line that says what happened."""
    word = {"firing": change.alert.severity.upper(), "acknowledged": "ACKNOWLEDGED", "resolved": "RESOLVED"}
    return _line(f"[{word[change.transition]}] {change.alert.rule}: {change.alert.summary}")


def lines(change: AlertChange) -> list[str]:
    """Returns what there is to know, a line each."""
    alert = change.alert
    where = ", ".join(f"{name} {value}" for name, value in sorted(alert.subject.items()))
    found = [f"What: {where}", f"Workspace: {alert.workspace_id or 'the system'}", f"Since: {alert.since}"]
    if change.transition == "resolved":
        return [_line(each) for each in [*found, f"Over: {change.at}"]]
    if alert.diagnosis is not None:
        found.append(f"Probable cause: {alert.diagnosis.probable_cause}")
    return [_line(each) for each in [*found, f"Do: {alert.recommendation}", f"Runbook: {alert.runbook}"]]


def _line(text: str) -> str:
    return " ".join(text.split())
