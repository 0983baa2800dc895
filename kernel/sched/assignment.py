"""Which processors and which threads belong to which processor set."""

from typing import TYPE_CHECKING

from .processor import Processor, ProcessorSet
from .thread import Thread

if TYPE_CHECKING:
    from .scheduler import Scheduler


def assign(scheduler: "Scheduler", thread: Thread, processor_set: ProcessorSet) -> None:
    """Move a thread to another processor set; if it runs elsewhere now, it leaves soon."""
    old = thread.processor_set
    if old is processor_set:
        return

    def move() -> None:
        if old is not None:
            del old.threads[thread.number]
        thread.processor_set = processor_set
        processor_set.threads[thread.number] = thread

    scheduler.requeue(thread, move)


def join(scheduler: "Scheduler", processor: Processor, processor_set: ProcessorSet) -> None:
    """Put a processor into a set; it takes work from there at once if there is any."""
    processor.processor_set = processor_set
    processor_set.processors.append(processor)
    processor_set.processors.sort(key=lambda each: each.number)
    if processor.thread is not None:
        processor.preempt = True
    elif processor_set.run_queue.count:
        thread = processor_set.run_queue.pop_best()
        if thread is not None:
            scheduler.make_runnable(thread)


def part(processor: Processor) -> None:
    """Take a processor out of its set; what it runs leaves it at the next user boundary."""
    processor_set = processor.processor_set
    if processor_set is not None:
        processor_set.processors.remove(processor)
        processor.processor_set = None
    processor.preempt = processor.thread is not None
