"""What a simulated device is."""

from affinage.apps.simulator.profile import Profile, Timings, identification, profile_of


def test_a_profile_follows_from_seed_and_id_alone() -> None:
    """FIRMWARE-13"""
    assert profile_of("pump-1", 7) == profile_of("pump-1", 7)
    assert profile_of("pump-1", 7) != profile_of("pump-2", 7)
    assert profile_of("pump-1", 7) != profile_of("pump-1", 8)


def test_a_fleet_has_every_revision_that_it_is_given() -> None:
    seen = {profile_of(str(n), 7, revisions=("A", "B", "C")).revision for n in range(50)}
    assert seen == {"A", "B", "C"}


def test_a_profile_is_told_as_device_info_and_hardware() -> None:
    """FIRMWARE-2"""
    told = identification(Profile("CC-1", "42", "B", manufacturer="M", operating_system="OS 1"))
    assert told == {
        "deviceInfo": {
            "manufacturer": "M",
            "model": "CC-1",
            "serialNumber": "42",
            "operatingSystem": "OS 1",
        },
        "hardware": {"revision": "B"},
    }


def test_scaled_timings_keep_their_proportions() -> None:
    assert Timings().scaled(0.1) == Timings(3, 1, 3, 4, 0.5, 2, 2, 6, 0.1)


def test_an_update_takes_all_of_its_parts_and_no_mishap() -> None:
    """FIRMWARE-5: the pace of the command line is told in these seconds."""
    assert Timings().update == 110
