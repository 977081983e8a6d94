"""The board: one page for cooks, waiters and cashiers, served as plain files."""

from sale_adapters.web.board.assets import Board
from sale_adapters.web.board.setup import BoardSetup, Named

__all__ = ["Board", "BoardSetup", "Named"]
