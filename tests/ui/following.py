"""Waiting for the long work that a handler of the tab has put into the queue."""

from __future__ import annotations

PATIENCE = 120
"""Seconds; machines under load are no failure."""


def ended(work):
    """What the line says once there is nothing to do any more: how the last that ended did."""
    jobs = work.jobs
    while tasks := [*jobs.running, *jobs.waiting]:
        assert tasks[0].wait(PATIENCE), "it does not end"
    return str(work.line())


def stop(work):
    """Stop what runs, or would next; nothing where all is over."""
    for task in [*work.jobs.running, *work.jobs.waiting][:1]:
        work.jobs.stop(task.number)
