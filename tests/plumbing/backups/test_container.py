"""The file that a backup is: whole, or known not to be."""

import io
import os
import random
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plimsoll.plumbing.backups import container
from plimsoll.plumbing.backups.container import BackupDamaged, Manifest

CONTENTS = {
    container.DUMP: b"PGDMP" + bytes(range(256)) * 40,
    "keys/1.seal": b"0123456789abcdef" * 2,
    "archive/1m/2024-01-ab.parquet": b"PAR1" * 99,
}


def manifest_of(writer: container.Writer) -> Manifest:
    return Manifest(
        format=container.FORMAT,
        version="1",
        revision="0001",
        taken_at="2024-01-01T00:00:00Z",
        counts={"people": 2},
        parts=writer.parts,
        missing=[],
    )


def write(path: Path, contents: dict[str, bytes] = CONTENTS) -> None:
    with container.writing(path) as writer:
        for name, content in contents.items():
            writer.add(name, io.BytesIO(content))
        writer.finish(manifest_of(writer))


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("container") / "desk.plimsoll"
    write(path)
    return path


def test_what_was_written_is_read_back(backup: Path, tmp_path: Path) -> None:
    manifest = container.check(backup)
    assert manifest.counts == {"people": 2}
    assert manifest.parts[container.DUMP].size == len(CONTENTS[container.DUMP])
    out = io.BytesIO()
    with container.reading(backup, manifest) as reader:
        reader.copy(container.DUMP, out)
        written = reader.extract({"keys": tmp_path / "keys", "archive": tmp_path / "archive"})
    assert written == 2
    assert out.getvalue() == CONTENTS[container.DUMP]
    assert (tmp_path / "keys/1.seal").read_bytes() == CONTENTS["keys/1.seal"]
    assert (tmp_path / "archive/1m/2024-01-ab.parquet").is_file()


def test_it_is_for_its_owner_alone_and_so_is_what_comes_out_of_it(
    backup: Path, tmp_path: Path
) -> None:
    assert backup.stat().st_mode & 0o777 == 0o600
    with container.reading(backup, container.check(backup)) as reader:
        reader.extract({"keys": tmp_path / "keys"})
    assert (tmp_path / "keys/1.seal").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700


def test_it_is_not_written_to_where_others_have_put_something(tmp_path: Path) -> None:
    """A name that can be foretold, in a folder where others may write."""
    theirs = tmp_path / "theirs"
    theirs.write_bytes(b"")
    path = tmp_path / "desk.plimsoll"
    (tmp_path / f".{path.name}.{os.getpid()}.unfinished").symlink_to(theirs)
    write(path)
    assert theirs.read_bytes() == b""
    assert not path.is_symlink()
    assert container.check(path).counts == {"people": 2}


def test_what_is_there_already_stays(backup: Path, tmp_path: Path) -> None:
    (tmp_path / "1.seal").write_bytes(b"mine")
    with container.reading(backup, container.check(backup)) as reader:
        assert reader.extract({"keys": tmp_path}) == 0
    assert (tmp_path / "1.seal").read_bytes() == b"mine"


def test_any_zip_program_opens_it(backup: Path) -> None:
    with zipfile.ZipFile(backup) as file:
        assert file.testzip() is None
        assert set(file.namelist()) == {*CONTENTS, container.MANIFEST}


def test_every_changed_byte_is_found(backup: Path, tmp_path: Path) -> None:
    whole = bytearray(backup.read_bytes())
    chance = random.Random(7)  # noqa: S311 - no secret
    broken = tmp_path / "broken.plimsoll"
    places = {*range(0, len(whole), 11), *range(len(whole) - 200, len(whole))}
    for place in sorted(places):
        changed = whole.copy()
        changed[place] ^= 1 << chance.randrange(8)
        broken.write_bytes(changed)
        with pytest.raises(BackupDamaged):
            container.check(broken)


@given(length=st.integers(min_value=0, max_value=10_000))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_an_end_that_is_missing_is_found(backup: Path, tmp_path: Path, length: int) -> None:
    whole = backup.read_bytes()
    broken = tmp_path / "broken.plimsoll"
    broken.write_bytes(whole[: min(length, len(whole) - 1)])
    with pytest.raises(BackupDamaged):
        container.check(broken)


def test_what_is_no_backup_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "photo.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("photo.jpg", b"\xff" * 500)
    with pytest.raises(BackupDamaged, match=r"photo\.zip is no backup"):
        container.check(path)


def test_a_writer_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "desk.plimsoll"
    write(path)
    before = path.read_bytes()

    def fail() -> None:
        with container.writing(path) as writer:
            writer.add(container.DUMP, io.BytesIO(b"half"))
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        fail()
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["desk.plimsoll"]


@pytest.mark.parametrize("name", ["keys/../../evil", "keys//evil", "keys/.", "keys/a\\b"])
def test_a_part_does_not_lead_out_of_its_folder(tmp_path: Path, name: str) -> None:
    path = tmp_path / "desk.plimsoll"
    write(path, CONTENTS | {name: b"x"})
    (tmp_path / "in").mkdir()
    with container.reading(path, container.check(path)) as reader, pytest.raises(BackupDamaged):
        reader.extract({"keys": tmp_path / "in" / "keys"})
    assert not (tmp_path / "evil").exists()
