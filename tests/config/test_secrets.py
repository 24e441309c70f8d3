"""Secrets are read from where the profile says, told to nobody, and refused where others read."""

from __future__ import annotations

import os
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.config.linux import PLUGINS
from wanfailover.config import Profile, load
from wanfailover.errors import ProfileError

SECRET = "hunter2"


@contextmanager
def acting_as(user: int) -> Iterator[None]:
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(0)


class Folder:
    """A profile's folder with an SSH router in it; each test spoils one thing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.credentials = {
            "username": "admin",
            "password": "{file: router-password}",
            "known_hosts": "{file: known_hosts}",
        }
        self.put("router-password", f"{SECRET}\n")
        self.put("known_hosts", "192.168.1.1 ssh-ed25519 AAAA\n", mode=0o644)

    def put(self, name: str, text: str | bytes, mode: int = 0o600) -> Path:
        file = self.path / name
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        file.chmod(mode)
        return file

    def load(self, **options) -> Profile:
        lines = "".join(f"    {key}: {value}\n" for key, value in self.credentials.items())
        file = self.put(
            "office.yaml",
            "site: office\n"
            "router:\n"
            "  driver: linux\n"
            "  host: 192.168.1.1\n"
            f"  credentials:\n{lines}"
            "circuits:\n"
            "  - {name: primary, address: 203.0.113.2/29, gateway: 203.0.113.1}\n"
            "  - {name: backup, address: 198.51.100.77/24, gateway: 198.51.100.1}\n",
        )
        return load(file, plugins=PLUGINS, **options)

    def complaint(self) -> str:
        with pytest.raises(ProfileError) as caught:
            self.load()
        (only,) = caught.value.complaints
        return f"{only.line}:{only.column}: {only.text}"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


class TestPlaces:
    def test_file(self, folder: Folder) -> None:
        """A file is relative to the profile, and its last newline is the editor's."""
        access = folder.load().access
        assert access.password is not None
        assert access.password.reveal() == SECRET
        assert access.known_hosts == folder.path / "known_hosts"

    @pytest.mark.parametrize(
        ("text", "secret"),
        [("hunter2", "hunter2"), ("hunter2\r\n", "hunter2"), (" hunter2 \n", " hunter2 ")],
    )
    def test_one_newline(self, folder: Folder, text: str, secret: str) -> None:
        """Only one newline is taken off; anything else may be part of the secret."""
        folder.put("router-password", text)
        assert folder.load().secrets() == (secret,)

    @pytest.mark.parametrize("text", ["hunter2\n\n", "hunter2\nsecond\n", "hunter\t2\n"])
    def test_nothing_that_cannot_be_typed(self, folder: Folder, text: str) -> None:
        """A second line is a mistake, and would end what is typed at a console."""
        folder.put("router-password", text)
        with pytest.raises(ProfileError, match="more than one line") as caught:
            folder.load()
        assert "hunter" not in str(caught.value)

    def test_environment(self, folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
        """A variable of the environment is read as it is."""
        monkeypatch.setenv("ROUTER_PASSWORD", SECRET)
        folder.credentials["password"] = "{env: ROUTER_PASSWORD}"
        assert folder.load().secrets() == (SECRET,)

    def test_systemd(self, folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A credential is in systemd's folder, whose guard is not doubted."""
        kept = tmp_path / "credentials"
        kept.mkdir()
        (kept / "router").write_text(SECRET)
        (kept / "router").chmod(0o440)
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(kept))
        folder.credentials["password"] = "{credential: router}"
        assert folder.load().secrets() == (SECRET,)

    def test_key(self, folder: Folder) -> None:
        """A private key is only looked at: its file is ssh's to read."""
        folder.put("id_ed25519", b"\xff\xfe")
        folder.credentials |= {"key": "{file: id_ed25519}"}
        assert folder.load().access.key == folder.path / "id_ed25519"

    def test_all_collected(self, folder: Folder) -> None:
        """Whoever strikes secrets out of the log is given every one of them."""
        folder.put("sudo", "letmein")
        folder.put("community", "wr1te\n")
        folder.put("read-community", "r3ad\n")
        folder.credentials |= {
            "sudo_password": "{file: sudo}",
            "community": "{file: community}",
            "read_community": "{file: read-community}",
        }
        loaded = folder.load()
        assert loaded.secrets() == (SECRET, "letmein", "wr1te", "r3ad")
        assert loaded.access.community is not None
        assert loaded.access.community.reveal() == "wr1te"
        assert loaded.access.read_community is not None
        assert loaded.access.read_community.reveal() == "r3ad"

    def test_unread(self, folder: Folder) -> None:
        """Offline nothing is read, and nothing need be there."""
        for name in ("router-password", "known_hosts"):
            (folder.path / name).unlink()
        loaded = folder.load(secrets=False)
        assert loaded.access.password is None
        assert loaded.access.known_hosts == folder.path / "known_hosts"
        assert loaded.secrets() == ()


class TestRefusals:
    def test_missing(self, folder: Folder) -> None:
        """The file's full name is told, as that is where to put it."""
        (folder.path / "router-password").unlink()
        assert folder.complaint() == f"7:22: there is no file {folder.path}/router-password"

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o610, 0o677])
    def test_others_may_read(self, folder: Folder, mode: int) -> None:
        """Any right of group or others is too much for a secret."""
        file = folder.put("router-password", SECRET, mode)
        assert folder.complaint() == (
            f"7:22: others may use {file} (mode {mode:04o}); run: chmod 600 {file}"
        )

    def test_key_others_may_read(self, folder: Folder) -> None:
        """A private key is a secret."""
        file = folder.put("id_ed25519", "key", 0o640)
        folder.credentials["key"] = "{file: id_ed25519}"
        assert folder.complaint() == (
            f"9:17: others may use {file} (mode 0640); run: chmod 600 {file}"
        )

    @pytest.mark.parametrize("mode", [0o664, 0o646])
    def test_others_may_write(self, folder: Folder, mode: int) -> None:
        """Who can write known_hosts can pose as the router."""
        file = folder.put("known_hosts", "x", mode)
        assert folder.complaint() == (
            f"8:25: others may write {file} (mode {mode:04o}); run: chmod go-w {file}"
        )

    @pytest.mark.parametrize("text", ["\n", "\r\n"])
    def test_blank(self, folder: Folder, text: str) -> None:
        """A secret of nothing is a mistake."""
        folder.put("router-password", text)
        assert folder.complaint() == "7:22: the secret kept here is empty"

    def test_empty_file(self, folder: Folder) -> None:
        """So is an empty file."""
        file = folder.put("router-password", "")
        assert folder.complaint() == f"7:22: {file} is empty"

    def test_not_a_file(self, folder: Folder) -> None:
        """A pipe in a secret's place is refused, not waited for."""
        (folder.path / "router-password").unlink()
        os.mkfifo(folder.path / "router-password", 0o600)
        assert folder.complaint() == (
            f"7:22: {folder.path}/router-password is not an ordinary file"
        )

    def test_not_text(self, folder: Folder) -> None:
        """A secret is text."""
        folder.put("router-password", b"hunter2\xff")
        assert folder.complaint() == f"7:22: {folder.path}/router-password is not text in UTF-8"

    def test_no_name_of_a_file(self, folder: Folder) -> None:
        """A name that no file can have is told as such."""
        folder.credentials["password"] = '{file: "a\\0b"}'
        assert folder.complaint().endswith("cannot be read: no file has such a name")

    def test_unset(self, folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
        """A variable that is not set is not named, in case somebody wrote the secret there."""
        monkeypatch.delenv(SECRET, raising=False)
        folder.credentials["password"] = f"{{env: {SECRET}}}"
        assert folder.complaint() == (
            "7:21: the environment variable that is named here is not set"
        )

    def test_no_systemd(self, folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without systemd's folder the way to go on from a shell is told."""
        monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
        folder.credentials["password"] = "{credential: router}"
        assert folder.complaint() == (
            "7:28: credentials are systemd's, and it did not start this with a LoadCredential=; "
            "write {file: NAME} to use it from a shell, too"
        )

    def test_credential_elsewhere(self, folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
        """A credential's name does not lead out of systemd's folder."""
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials/wanfailover")
        folder.credentials["password"] = "{credential: ../../shadow}"
        assert folder.complaint() == (
            "7:28: a credential is named without a path, as in LoadCredential=NAME:PATH"
        )

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
    def test_owner(self) -> None:
        """A user's secret is the user's or root's; root may use anybody's."""
        nobody, somebody = 65534, 1
        with tempfile.TemporaryDirectory() as path:  # pytest's own is closed to other users
            folder = Folder(Path(path))
            folder.path.chmod(0o755)
            secret = folder.path / "router-password"
            os.chown(secret, somebody, somebody)
            assert folder.load().secrets() == (SECRET,)
            (folder.path / "office.yaml").chmod(0o644)
            refused = pytest.raises(ProfileError, match=f"{secret} belongs to another user")
            with acting_as(nobody), refused:
                load(folder.path / "office.yaml", plugins=PLUGINS)
            os.chown(secret, 0, 0)
            denied = pytest.raises(ProfileError, match=f"{secret} cannot be read: Permission")
            with acting_as(nobody), denied:
                load(folder.path / "office.yaml", plugins=PLUGINS)
            os.chown(secret, nobody, nobody)
            with acting_as(nobody):
                assert load(folder.path / "office.yaml", plugins=PLUGINS).secrets() == (SECRET,)


def test_never_shown(folder: Folder) -> None:
    """A loaded profile can be printed anywhere."""
    loaded = folder.load()
    assert SECRET not in repr(loaded)
    assert SECRET not in repr(loaded.site())
    assert SECRET not in str(loaded.access.password)


def test_never_told(folder: Folder) -> None:
    """A secret that was read well is not in the complaints about something else."""
    folder.credentials["password"] = "{file: router-password}"
    folder.put("sudo", f"{SECRET}\xff".encode("latin-1"))
    folder.credentials["sudo_password"] = "{file: sudo}"
    with pytest.raises(ProfileError) as caught:
        folder.load()
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None


class TestModems:
    """A community is kept where other secrets are, and its complaints stand where it is named."""

    def spoilt(self, folder: Folder, reference: str) -> Folder:
        text = (
            "site: office\n"
            "router: {driver: linux, transport: local}\n"
            "circuits:\n"
            "  - name: primary\n"
            "    address: 203.0.113.2/29\n"
            "    gateway: 203.0.113.1\n"
            f"    vantage: {{device: {{host: modem, index: 1, community: {reference}}}}}\n"
            "  - {name: backup, address: 198.51.100.77/24, gateway: 198.51.100.1}\n"
        )
        folder.put("modem.yaml", text)
        return folder

    def test_read(self, folder: Folder) -> None:
        """It is among the secrets that are struck out everywhere."""
        self.spoilt(folder, "{file: router-password}")
        profile = load(folder.path / "modem.yaml", plugins=PLUGINS)
        community = profile.devices["primary"].community
        assert community is not None
        assert community.reveal() == SECRET
        assert profile.secrets() == (SECRET,)
        assert SECRET not in repr(profile)

    def test_not_read(self, folder: Folder) -> None:
        """Without secrets, its file is not looked at."""
        self.spoilt(folder, "{file: nothing}")
        profile = load(folder.path / "modem.yaml", plugins=PLUGINS, secrets=False)
        assert profile.devices["primary"].community is None

    def test_missing(self, folder: Folder) -> None:
        """A file that is not there is told with its line and column."""
        self.spoilt(folder, "{file: nothing}")
        with pytest.raises(ProfileError, match=r"modem\.yaml:7:\d+: there is no file") as caught:
            load(folder.path / "modem.yaml", plugins=PLUGINS)
        assert len(caught.value.complaints) == 1
