"""services/fleet/commits.py."""

from affinage.services.fleet.commits import Commits


def test_a_commit_counts_once_in_each_histogram() -> None:
    commits = Commits()
    commits.add(3, 0.5, 0.25)
    commits.add(1, 0.0, 0.25)
    assert (commits.sizes.count, commits.sizes.total) == (2, 4.0)
    assert (commits.waits.total, commits.durations.total) == (0.5, 0.5)
