"""The guards of the relay (architecture §4) by name, so that a simulation can do without one."""

from enum import Enum


class Guard(Enum):
    """What keeps events from being lost or doubled; each can be removed from the model."""

    NEW_PRODUCER_SHUTS_OUT_OLDER = "init_transactions raises the epoch and ends what was begun"
    HIGH_WATERMARK = "the log is read to the high watermark, not to the last stable offset"
    READ_BACK = "a commit is believed only when it is read back"
    EVERY_FUTURE_AWAITED = "nothing is committed unless each record of it was acknowledged"
    SLOW_COMMIT_DOUBTED = "after a commit that may have been retried the producer is dropped"
    MARK_AND_POSITION_TOGETHER = "marks and positions are written in one transaction"
    DATABASE_FENCE = "the outbox gives nothing to an older fence"
    OLDER_LAYOUT_RETIRED = "a new layout retires the older one's shards before it sends"
    PREFIX_IN_LAYOUT = "a layout keeps its producers' prefix, and another prefix is another layout"
    WATERMARK_AFTER_INIT = "the high watermark is taken when older producers can no longer write"
    POISON_HOLDS_ITS_ORDER = "the rows behind one that was set aside wait for it"
    POISON_SET_ASIDE = "a row that the log never takes is set aside, and others go on"
    CLUSTER_ID = "positions belong to the cluster that they were read from"
    MARKING_IS_NOT_WAITING = "what is in the log and still being marked is not sent again"
    POSITIONS_KEPT = "how far the log was read is kept, so that a log that became shorter is noticed"
