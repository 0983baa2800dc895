"""Mach's traps: what a negative system call number does.

Besides ``mach_msg`` and the self ports these are short-cuts: the same operation as a message to a kernel
port, without the message.  A short-cut applies where the target named is a task of this node; otherwise
it returns MACH_SEND_INTERRUPTED before it had any effect, and the library sends the message instead.
"""

from typing import TYPE_CHECKING

from ..interface.constants import SWITCH_OPTION_DEPRESS, SWITCH_OPTION_WAIT
from ..interface.returns import KernReturn, MachError, MsgReturn
from ..interface.traps import TRAPS_BY_NUMBER
from ..ipc import mach_port
from ..ipc.mach_msg import mach_msg_trap
from ..ipc.port import Port
from ..sched.priority import depress, undepress
from ..sched.thread import Outcome, WaitResult
from ..sched.wait import WaitQueue
from ..vm import user as vm_user
from ..vm.access import copyin, copyout
from ..vm.fault import PageWait, fault_wait
from .kinds import IKOT_TASK
from .task import Task
from .task_calls import task_set_special_port
from .thread import TaskThread

if TYPE_CHECKING:
    from .mach_kernel import MachKernel
    from .trap import TrapHandler

NOT_LOCAL = int(MsgReturn.SEND_INTERRUPTED)

DEPRESS_NS = 10_000_000
"""How long ``swtch_pri`` depresses at most (Mach 3.0: min_quantum; here a tick of 100 Hz)."""

HIGHEST_TRAP = 100


class TrapTable:
    """The traps of one kernel, by number without its sign."""

    __slots__ = ("_kernel", "_nobody", "argument_counts", "handlers")

    def __init__(self, kernel: "MachKernel") -> None:
        self._kernel = kernel
        self._nobody = WaitQueue("time to pass")
        self.handlers: list[TrapHandler | None] = [None] * HIGHEST_TRAP
        self.argument_counts = [0] * HIGHEST_TRAP
        for number, handler in (
            (17, self.evc_wait),
            (18, self.evc_wait),
            (25, self.mach_msg),
            (26, self.mach_reply_port),
            (27, self.mach_thread_self),
            (28, self.mach_task_self),
            (29, self.mach_host_self),
            (40, self.not_local),
            (56, self.null_port),
            (59, self.swtch_pri),
            (60, self.swtch),
            (61, self.thread_switch),
            (64, self.vm_map),
            (65, self.vm_allocate),
            (66, self.vm_deallocate),
            (68, self.task_create),
            (69, self.task_terminate),
            (70, self.task_suspend),
            (71, self.task_set_special_port),
            (72, self.mach_port_allocate),
            (73, self.mach_port_deallocate),
            (74, self.mach_port_insert_right),
            (75, self.mach_port_allocate_name),
            (76, self.thread_depress_abort),
        ):
            self.handlers[number] = handler
            self.argument_counts[number] = TRAPS_BY_NUMBER[-number].argument_count

    # ---- messages and self ports

    def mach_msg(self, thread: TaskThread, arguments: tuple[int, ...]) -> Outcome:
        return mach_msg_trap(thread, *arguments)

    def mach_reply_port(self, thread: TaskThread, arguments: tuple[int, ...]) -> Outcome:
        return mach_port.mach_reply_port(thread.space)

    def _name_of(self, thread: TaskThread, port: Port | None) -> int:
        """A send right to a kernel port, for the calling task: its name, 0 when there is none."""
        if port is None or not port.active:
            return 0
        return self._kernel.ipc.copyout_send(thread.space, port)

    def mach_thread_self(self, thread: TaskThread, arguments: tuple[int, ...]) -> Outcome:
        return self._name_of(thread, thread.self_port or thread.port)

    def mach_task_self(self, thread: TaskThread, arguments: tuple[int, ...]) -> Outcome:
        return self._name_of(thread, thread.task.self_port or thread.task.port)

    def mach_host_self(self, thread: TaskThread, arguments: tuple[int, ...]) -> Outcome:
        return self._name_of(thread, self._kernel.host.port)

    def evc_wait(self, thread: TaskThread, arguments: tuple[int, ...]) -> Outcome:
        """No device here has an event counter that a user-level driver could wait for."""
        return int(KernReturn.INVALID_ARGUMENT)

    def not_local(self, thread: TaskThread, arguments: tuple[int, ...]) -> Outcome:
        """A short-cut that is never taken: the library sends the message."""
        return NOT_LOCAL

    def null_port(self, thread: TaskThread, arguments: tuple[int, ...]) -> Outcome:
        """MACH_PORT_NULL, whatever was asked: the trap in the place of what Mach 2.5 had there."""
        return 0

    # ---- giving up the processor

    def swtch(self, thread: TaskThread, arguments: tuple[int, ...]) -> Outcome:
        """Let others run; the result says whether anybody else could."""
        home = thread.processor_set
        assert home is not None
        if not home.run_queue.count:
            return 0
        self._kernel.scheduler.yield_processor(thread)
        return 1

    def swtch_pri(self, thread: TaskThread, arguments: tuple[int, ...]) -> Outcome:
        scheduler = self._kernel.scheduler
        home = thread.processor_set
        assert home is not None
        if home.run_queue.count:
            depress(scheduler, thread, scheduler.clock.now + DEPRESS_NS)
        return self.swtch(thread, arguments)

    def thread_switch(self, thread: TaskThread, arguments: tuple[int, ...]) -> Outcome:
        name, option, option_time_ms = arguments
        if option > SWITCH_OPTION_WAIT:
            return int(KernReturn.INVALID_ARGUMENT)
        scheduler = self._kernel.scheduler
        deadline = scheduler.clock.now + option_time_ms * 1_000_000
        target = self._kernel.thread_named(thread.space, name)
        if target is not None and target is not thread:
            scheduler.favour(target)
        if option == SWITCH_OPTION_WAIT:
            return self._wait(deadline)
        if option == SWITCH_OPTION_DEPRESS:
            depress(scheduler, thread, deadline)
        scheduler.yield_processor(thread)
        return 0

    async def _wait(self, deadline: int) -> int:
        """Wait until a time; thread_abort ends it early."""
        result = await self._kernel.scheduler.wait(self._nobody, deadline=deadline)
        return int(KernReturn.ABORTED) if result is WaitResult.INTERRUPTED else 0

    def thread_depress_abort(self, thread: TaskThread, arguments: tuple[int, ...]) -> Outcome:
        target = self._kernel.thread_named(thread.space, arguments[0])
        if target is None:
            return NOT_LOCAL
        return 0 if undepress(self._kernel.scheduler, target) else int(KernReturn.FAILURE)

    # ---- short-cuts

    def _task(self, thread: TaskThread, name: int) -> Task | None:
        """The local task that a name stands for; None if it is not one."""
        entry = thread.space.entries.get(name)
        if entry is None or entry.port is None:
            return None
        port = entry.port
        target = port.kobject
        if port.kind != IKOT_TASK or not isinstance(target, Task) or not target.active:
            return None
        return target

    def _word(self, thread: TaskThread, address: int) -> int:
        return int.from_bytes(copyin(thread.map, address, 4), "little")

    def _put_word(self, thread: TaskThread, address: int, word: int) -> None:
        copyout(thread.map, address, (word & 0xFFFFFFFF).to_bytes(4, "little"))

    def vm_map(self, thread: TaskThread, arguments: tuple[int, ...]) -> Outcome:
        name, where, size, mask, anywhere, memory_object, offset, copy, current, maximum, inherit = arguments
        task = self._task(thread, name)
        if task is None or memory_object:
            return NOT_LOCAL
        address = self._word(thread, where)
        self._put_word(thread, where, address)
        got = vm_user.vm_map(
            task.map, address, size, mask, bool(anywhere), None, offset, bool(copy), current, maximum, inherit
        )
        return self._store(thread, where, got)

    def vm_allocate(self, thread: TaskThread, arguments: tuple[int, ...]) -> Outcome:
        name, where, size, anywhere = arguments
        task = self._task(thread, name)
        if task is None:
            return NOT_LOCAL
        address = self._word(thread, where)
        self._put_word(thread, where, address)  # find out now, before any effect, whether it can be
        return self._store(thread, where, vm_user.vm_allocate(task.map, address, size, bool(anywhere)))

    def _store(self, thread: TaskThread, where: int, address: int) -> Outcome:
        self._put_word(thread, where, address)
        return 0

    def vm_deallocate(self, thread: TaskThread, arguments: tuple[int, ...]) -> Outcome:
        name, address, size = arguments
        task = self._task(thread, name)
        if task is None:
            return NOT_LOCAL
        vm_user.vm_deallocate(task.map, address, size)
        return 0

    def task_create(self, thread: TaskThread, arguments: tuple[int, ...]) -> Outcome:
        name, inherit_memory, where = arguments
        parent = self._task(thread, name)
        if parent is None:
            return NOT_LOCAL
        self._put_word(thread, where, 0)
        child = self._kernel.create_task(parent, bool(inherit_memory))
        child_name = self._name_of(thread, child.port)
        try:
            self._put_word(thread, where, child_name)  # the fork may have made that page copy-on-write
        except MachError:
            self._undo_create(thread, child, child_name)
            raise
        except PageWait as wait:
            return self._name_child(thread, where, child, child_name, wait)
        return 0

    async def _name_child(
        self, thread: TaskThread, where: int, child: Task, child_name: int, wait: PageWait
    ) -> int:
        """The rest of a task_create when its result cannot be stored at once."""
        while True:
            code = await fault_wait(wait.map, wait.address, wait.access)
            if code:
                self._undo_create(thread, child, child_name)
                return int(code)
            try:
                self._put_word(thread, where, child_name)
            except PageWait as again:
                wait = again
                continue
            except MachError:
                self._undo_create(thread, child, child_name)
                raise
            return 0

    def _undo_create(self, thread: TaskThread, child: Task, child_name: int) -> None:
        """Nobody will ever learn the name of a new task: end it."""
        self._kernel.terminate_task(child)
        if child_name and child_name in thread.space.entries:
            mach_port.mach_port_deallocate(thread.space, child_name)

    def task_terminate(self, thread: TaskThread, arguments: tuple[int, ...]) -> Outcome:
        task = self._task(thread, arguments[0])
        if task is None:
            return NOT_LOCAL
        self._kernel.terminate_task(task)
        return 0

    def task_suspend(self, thread: TaskThread, arguments: tuple[int, ...]) -> Outcome:
        task = self._task(thread, arguments[0])
        if task is None:
            return NOT_LOCAL
        self._kernel.suspend_task(task)
        return 0

    def task_set_special_port(self, thread: TaskThread, arguments: tuple[int, ...]) -> Outcome:
        name, which, port_name = arguments
        task = self._task(thread, name)
        if task is None:
            return NOT_LOCAL
        port = self._kernel.ipc.copyin_send(thread.space, port_name)
        try:
            task_set_special_port(self._kernel, task, which, port)
        except MachError:
            self._kernel.ipc.release_send(port)
            raise
        return 0

    def mach_port_allocate(self, thread: TaskThread, arguments: tuple[int, ...]) -> Outcome:
        name, right, where = arguments
        task = self._task(thread, name)
        if task is None:
            return NOT_LOCAL
        self._put_word(thread, where, 0)
        self._put_word(thread, where, mach_port.mach_port_allocate(task.space, right))
        return 0

    def mach_port_allocate_name(self, thread: TaskThread, arguments: tuple[int, ...]) -> Outcome:
        name, right, new_name = arguments
        task = self._task(thread, name)
        if task is None:
            return NOT_LOCAL
        mach_port.mach_port_allocate_name(task.space, right, new_name)
        return 0

    def mach_port_deallocate(self, thread: TaskThread, arguments: tuple[int, ...]) -> Outcome:
        name, port_name = arguments
        task = self._task(thread, name)
        if task is None:
            return NOT_LOCAL
        mach_port.mach_port_deallocate(task.space, port_name)
        return 0

    def mach_port_insert_right(self, thread: TaskThread, arguments: tuple[int, ...]) -> Outcome:
        name, new_name, port_name, disposition = arguments
        task = self._task(thread, name)
        if task is None:
            return NOT_LOCAL
        right = self._kernel.ipc.copyin_right(thread.space, port_name, disposition)
        try:
            mach_port.mach_port_insert_right(task.space, new_name, right)
        except MachError:
            self._kernel.ipc.destroy_right(right)
            raise
        return 0
