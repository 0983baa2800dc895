"""A node without memory or Unicorn: processors that "execute" scripted threads, and a tiny kernel.

A script is a list of steps: an int computes for so many instructions, a callable is a trap handler that
gets (toy, thread) and returns an Outcome.  When a script ends its thread halts.
"""

from collections.abc import Callable
from typing import cast

from kernel.machine.clock import Clock
from kernel.machine.costs import load_costs
from kernel.machine.engine import Engine, Horizon, Reason
from kernel.machine.events import EventQueue
from kernel.machine.processor import EAX, Exit, ProcessorState
from kernel.machine.trace import Trace
from kernel.sched.assignment import join
from kernel.sched.dispatch import Dispatcher
from kernel.sched.processor import Processor
from kernel.sched.scheduler import Scheduler
from kernel.sched.thread import KEEP_REGISTERS, Outcome, Thread, ThreadState

Step = int | Callable[["ToyNode", Thread], Outcome]


class ScriptState:
    """Stands for a processor state: registers, and what is left of the script."""

    def __init__(self, script: list[Step]) -> None:
        self.q = [0] * 64 if EAX < 64 else [0] * (EAX + 1)
        self.script = list(script)


class ScriptHardware:
    """Executes script steps; a trap costs one instruction."""

    def __init__(self) -> None:
        self.executed = 0
        self.vector = 0
        self.error = 0

    def run(self, state: ProcessorState, budget: int) -> int:
        script = cast(ScriptState, state).script
        self.executed = 0
        while script and isinstance(script[0], int):
            step = min(script[0], budget - self.executed)
            self.executed += step
            script[0] -= step
            if script[0] == 0:
                del script[0]
            if self.executed == budget:
                return Exit.BUDGET
        self.executed += 1
        return Exit.SYSCALL


class ToyNode:
    """Dispatcher, scheduler and threads; ``log`` collects what the tests look at."""

    def __init__(self, processors: int = 1) -> None:
        self.number = 0
        self.clock = Clock()
        self.events = EventQueue(self.clock, 0)
        self.costs = load_costs("i486_33")
        self.trace = Trace(self.clock, 0)
        self.scheduler = Scheduler(self.clock, self.costs, self.trace, self.events)
        for number in range(processors):
            processor = Processor(number, ScriptHardware())
            self.scheduler.processors.append(processor)
            join(self.scheduler, processor, self.scheduler.default_set)
        self.dispatcher = Dispatcher(self.clock, self.events, self.scheduler, self, self.costs.instruction)
        self.log: list[object] = []
        self.engine = Engine(1000)
        self.next_time = self.dispatcher.next_time
        self.progress_time = self.dispatcher.progress_time
        self.engine.add(self)

    def advance(self, horizon: Horizon) -> None:
        self.dispatcher.advance(horizon)

    def receive(self, source: int, packet: bytes) -> None:
        raise AssertionError

    def thread(self, name: str, *script: Step, priority: int = 12) -> Thread:
        """A runnable thread with a script."""
        thread = Thread(self.scheduler.new_thread_number(), name)
        thread.user_state = cast(ProcessorState, ScriptState(list(script)))
        thread.base_priority = thread.sched_priority = priority
        self.scheduler.adopt(thread)
        self.scheduler.make_runnable(thread)
        return thread

    def run(self, **bounds: int) -> Reason:
        self.engine.restamp(0)
        return self.engine.run(**bounds)  # type: ignore[arg-type]

    # ---- the kernel, as the dispatcher sees it

    def trap(self, thread: Thread, reason: int, processor: Processor) -> Outcome:
        self.clock.now += self.costs.trap
        script = cast(ScriptState, thread.user_state).script
        if not script:
            self.scheduler.retire(thread)
            self.log.append(f"{thread.name} done")
            return None
        step = script.pop(0)
        assert not isinstance(step, int)
        return step(self, thread)

    def boundary(self, thread: Thread) -> Outcome:
        thread.attention = thread.suspend_count > 0
        if thread.aborted:
            self.scheduler.retire(thread)
            self.log.append(f"{thread.name} killed")
            return None
        return KEEP_REGISTERS

    def finished(self, thread: Thread) -> None:
        self.scheduler.retire(thread)
        self.log.append(f"{thread.name} finished")


def say(text: str) -> Step:
    """A trap that logs."""

    def handler(toy: ToyNode, thread: Thread) -> Outcome:
        toy.log.append(text)
        return 0

    return handler


def assert_idle(toy: ToyNode) -> None:
    """Nothing is left to run and every thread halted or waits."""
    scheduler = toy.scheduler
    assert all(processor.thread is None for processor in scheduler.processors)
    assert all(each.run_queue.count == 0 for each in scheduler.processor_sets)
    for each in scheduler.processor_sets:
        for thread in each.threads.values():
            assert thread.state in (ThreadState.WAITING, ThreadState.SUSPENDED)
