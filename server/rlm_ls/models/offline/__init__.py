"""The offline model: rules that turn a question's words into scripts. It is no language model and always says so."""

from rlm_ls.models.offline.model import OfflineModel
from rlm_ls.models.offline.question import OfflineDocument

__all__ = ["OfflineDocument", "OfflineModel"]
