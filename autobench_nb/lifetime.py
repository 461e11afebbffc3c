"""What has an end: ``with`` closes it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self


class Closable(ABC):
    """A resource with one owner and one end: a context manager that closes itself."""

    @abstractmethod
    def close(self) -> None:
        """End it. A second call has no effect."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()
