"""A keyring that can be looked into, as the package `keyring` would load it from another package."""

from __future__ import annotations

from keyring.backend import KeyringBackend


class Strongbox(KeyringBackend):
    priority = 1
    name = "Strongbox"
    kept: dict[tuple[str, str], str] = {}  # noqa: RUF012  # keyring makes the instance
    asked: list[str] = []  # noqa: RUF012

    def get_password(self, service: str, username: str) -> str | None:
        self.asked.append(username)
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]
