"""A real ipykernel in any interpreter, driven over its sockets, with every message it publishes kept.

`nbclient` sends one cell at a time; here cells are queued as a notebook's Run All queues them, and each message can be asked whom it answers.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

import zmq
from jupyter_client.connect import write_connection_file
from jupyter_client.session import Session

from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

OUTPUT_TYPES = frozenset({"stream", "display_data", "execute_result", "error"})


@dataclass(frozen=True)
class Message:
    """One message as it left the kernel.

    Attributes:
        type: Its `msg_type`.
        parent: Id of the request that it answers.
        content: What it says.
        sent: When the kernel made it.
        buffers: Size of its binary buffers in bytes.
    """

    type: str
    parent: str
    content: dict[str, Any] = field(repr=False)
    sent: datetime
    buffers: int = 0

    @classmethod
    def of(cls, raw: dict[str, Any]) -> Message:
        """From the form in which jupyter_client hands it over."""
        return cls(
            type=raw["header"]["msg_type"],
            parent=raw["parent_header"].get("msg_id", ""),
            content=raw["content"],
            sent=raw["header"]["date"],
            buffers=sum(len(buffer) for buffer in raw.get("buffers", ())),
        )

    @property
    def display_id(self) -> str:
        """The display id that an output was published or replaced under; empty for others."""
        return str(self.content.get("transient", {}).get("display_id", ""))


class Kernel:
    """One kernel process and a client of it.

    Args:
        python: The interpreter to run it with; decides the versions of ipykernel and of everything else.
        folder: Where it runs, and where its connection file and its log are.
        env: Added to the environment.
    """

    def __init__(self, python: str | Path, folder: Path, env: Mapping[str, str] | None = None) -> None:
        self.python = str(python)
        self.folder = folder
        self._env = {**os.environ, "IPYTHONDIR": str(folder / "ipython"), "HOME": str(folder), **(env or {})}
        self._messages: list[Message] = []
        self._replies: dict[str, Message] = {}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start the process and wait until it answers."""
        key = secrets.token_hex(16).encode()
        self._session = Session(key=key)
        connection_file, connection = write_connection_file(str(self.folder / "kernel-connection.json"), key=key)
        with (self.folder / "kernel.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self.python, "-m", "ipykernel_launcher", "-f", connection_file],
                cwd=self.folder,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # The test's own ctrl-C is not the kernel's.
                start_new_session=True,
            )
        self._zmq = zmq.Context()
        self._shell = self._connect(zmq.DEALER, connection, "shell_port")
        self._control = self._connect(zmq.DEALER, connection, "control_port")
        self._iopub = self._connect(zmq.SUB, connection, "iopub_port")
        self._iopub.subscribe(b"")
        self.wait_for("an answer of the new kernel", self._is_answering)
        self._messages.clear()
        return self

    def execute(self, code: str) -> str:
        """Queue one cell and return its message id at once."""
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": True,  # as a front end with a person in front of it
            "stop_on_error": False,
        }
        return self._request(self._shell, "execute_request", content)

    def run(self, code: str, timeout: float = 60) -> list[Message]:
        """Run one cell to its end and return what it put out.

        Raises:
            AssertionError: The cell raised; the message is its traceback.
        """
        cell = self.execute(code)
        reply = self.reply(cell, timeout)
        assert reply.content["status"] == "ok", "\n".join(reply.content.get("traceback", ["aborted"]))
        return self.outputs(cell)

    def reply(self, cell: str, timeout: float = 60) -> Message:
        """Wait for the answer to a cell and for everything it published up to then."""
        found: Message = self.wait_for(
            f"the end of cell {cell}", lambda: self._replies.get(cell) if self._is_idle(cell) else None, timeout
        )
        return found

    def messages(self, parent: str | None = None) -> list[Message]:
        """What was published so far, of one cell or of all."""
        self._receive()
        return [m for m in self._messages if parent is None or m.parent == parent]

    def outputs(self, cell: str) -> list[Message]:
        """The outputs that a front end draws under this cell, each in its latest form.

        An `update_display_data` replaces the output with its display id wherever that is, as a front end does it.
        """
        everything = self.messages()
        latest = {m.display_id: m for m in everything if m.type == "update_display_data"}
        return [latest.get(m.display_id, m) for m in everything if m.parent == cell and m.type in OUTPUT_TYPES]

    def wait_for(self, what: str, find: Callable[[], Any], timeout: float = 60) -> Any:
        """The first value of `find()` that counts as true.

        Raises:
            TimeoutError: It never came; the message tells `what` and shows the kernel's log.
        """
        return wait_until(find, timeout, lambda: f"never saw {what}; the kernel wrote:\n{self.log()}")

    def text(self, cell: str) -> str:
        """All plain text under a cell: streams, results and error names."""
        parts: list[str] = []
        for message in self.outputs(cell):
            content = message.content
            parts.append(content.get("text") or content.get("data", {}).get("text/plain") or content.get("ename", ""))
        return "\n".join(parts)

    def versions(self) -> dict[str, str]:
        """The versions of Python and ipykernel that really run."""
        cell = self.execute("import sys, ipykernel; print(sys.version.split()[0], ipykernel.__version__)")
        self.reply(cell)
        python, ipykernel = self.text(cell).split()
        return {"python": python, "ipykernel": ipykernel}

    def interrupt(self) -> datetime:
        """What the stop button does; returns the moment, on the clock of the messages."""
        now = datetime.now(UTC)
        self._live().send_signal(signal.SIGINT)
        return now

    def restart(self) -> None:
        """End the process as a restart does and start a new one in its place; what it said is forgotten."""
        self.shutdown()
        self.start()

    def kill(self) -> None:
        """End the process with no chance to tidy up, as a power cut would."""
        self._live().kill()
        self._live().wait()
        self._disconnect()

    def shutdown(self) -> None:
        """Ask the kernel to leave; insist after ten seconds. Does nothing to a dead one."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._request(self._control, "shutdown_request", {"restart": False})
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
            if self._process.poll() is None:
                self._process.kill()
                self._process.wait()
        self._disconnect()

    def log(self) -> str:
        """What the process wrote to its own stdout and stderr."""
        return (self.folder / "kernel.log").read_text(errors="replace")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.shutdown()

    def _live(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "the kernel is not running"
        return self._process

    def _connect(self, kind: int, connection: Mapping[str, Any], port: str) -> zmq.Socket[bytes]:
        socket = self._zmq.socket(kind)
        socket.linger = 0
        # Nothing may be lost while the test looks elsewhere: it is the kernel's traffic that is being judged.
        socket.rcvhwm = 0
        socket.connect(f"{connection['transport']}://{connection['ip']}:{connection[port]}")
        return socket

    def _disconnect(self) -> None:
        self._receive()
        self._zmq.destroy(linger=0)
        self._process = None

    def _request(self, socket: zmq.Socket[bytes], kind: str, content: dict[str, Any]) -> str:
        sent = self._session.send(socket, kind, content)
        assert sent is not None
        return str(sent["header"]["msg_id"])

    def _receive(self) -> None:
        if self._zmq.closed:
            return
        for message in self._waiting_on(self._shell):
            self._replies[message.parent] = message
        self._messages.extend(self._waiting_on(self._iopub))

    def _waiting_on(self, socket: zmq.Socket[bytes]) -> Iterator[Message]:
        while True:
            _, raw = self._session.recv(socket)
            if raw is None:
                return
            yield Message.of(raw)

    def _is_answering(self) -> bool:
        """Whether both sockets are connected: what is published before that is lost, so it is asked until heard."""
        assert self._live().poll() is None, f"the kernel ended at once:\n{self.log()}"
        asked = self._request(self._shell, "kernel_info_request", {})
        with suppress(TimeoutError):
            wait_until(lambda: self._is_idle(asked) and asked in self._replies, 1, str)
            return True
        return False

    def _is_idle(self, cell: str) -> bool:
        return any(m.type == "status" and m.content["execution_state"] == "idle" for m in self.messages(cell))
