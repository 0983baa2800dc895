"""Mutex and condition: exclusion, order of arrival, and no wake-up lost, whatever the interleaving."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.interface.stubs import mach
from kernel.user import Condition, Mutex, NativeTask, NativeThread
from tests.user.native_node import MILLISECOND, NativeNode, drop_port

delays = st.integers(0, 5)  # ms
TOPOLOGIES = ("uni", "smp:2")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(delays, delays), min_size=2, max_size=8), st.sampled_from(TOPOLOGIES))
def test_a_mutex_excludes_and_is_fair(plan: list[tuple[int, int]], topology: str) -> None:
    """Each thread arrives after one time and holds the mutex for another."""
    node = NativeNode(topology)
    arrived: list[int] = []
    entered: list[int] = []
    inside: list[int] = []

    async def main(task: NativeTask) -> int:
        mutex = Mutex(task)

        async def user(number: int, before: int, within: int) -> None:
            await task.sleep(before * 10 * MILLISECOND + number * MILLISECOND)
            arrived.append(number)
            async with mutex:
                entered.append(number)
                inside.append(number)
                assert inside == [number]
                await task.sleep(within * 10 * MILLISECOND)
                assert inside.pop() == number

        threads = [await task.fork(user, number, *times) for number, times in enumerate(plan)]
        for thread in threads:
            await thread.join()
        assert not mutex.locked
        return 3

    assert node.run(main) == 3, node.said
    assert entered == arrived and len(entered) == len(plan)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(delays, min_size=1, max_size=4),
    st.lists(delays, min_size=1, max_size=4),
    st.integers(1, 3),
    st.sampled_from(TOPOLOGIES),
)
def test_a_bounded_buffer(producers: list[int], consumers: list[int], room: int, topology: str) -> None:
    """Producers and consumers at any speed: all that is put in is got out, in order."""
    node = NativeNode(topology)
    each = 6
    total = each * len(producers)
    put: list[int] = []
    got: list[int] = []

    async def main(task: NativeTask) -> int:
        mutex = Mutex(task)
        not_empty, not_full = Condition(task, mutex), Condition(task, mutex)
        buffer: list[int] = []

        async def produce(number: int, delay: int) -> None:
            for step in range(each):
                await task.sleep(delay * MILLISECOND)
                async with mutex:
                    while len(buffer) == room:
                        await not_full.wait()
                    buffer.append(number * each + step)
                    put.append(buffer[-1])
                    not_empty.signal()

        async def consume(delay: int) -> None:
            while True:
                async with mutex:
                    while not buffer:
                        if len(got) == total:
                            not_empty.broadcast()
                            return
                        await not_empty.wait()
                    got.append(buffer.pop(0))
                    not_full.signal()
                    if len(got) == total:
                        not_empty.broadcast()
                await task.sleep(delay * MILLISECOND)

        threads: list[NativeThread[None]] = []
        for number, delay in enumerate(producers):
            threads.append(await task.fork(produce, number, delay))
        for delay in consumers:
            threads.append(await task.fork(consume, delay))
        for thread in threads:
            await thread.join()
        return 3

    assert node.run(main) == 3, node.said
    assert got == put and sorted(got) == list(range(total))


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_no_wakeup_is_lost_to_a_thread_that_ends(data: st.DataObject) -> None:
    """As many signals as threads wait for, given while some of the waiting threads are terminated,
    aborted or suspended for a while: every thread that lives gets through."""
    count = data.draw(st.integers(2, 5))
    deeds = data.draw(
        st.lists(
            st.tuples(
                st.sampled_from(["terminate", "abort", "suspend", "signal"]), st.integers(0, count - 1)
            ),
            max_size=8,
        )
    )
    node = NativeNode()

    async def main(task: NativeTask) -> int:
        mutex = Mutex(task)
        condition = Condition(task, mutex)
        permits = 0
        through: list[int] = []

        async def waits(number: int) -> None:
            nonlocal permits
            async with mutex:
                while not permits:
                    await condition.wait()
                permits -= 1
                through.append(number)

        async def permit() -> None:
            nonlocal permits
            async with mutex:
                permits += 1
                condition.signal()

        threads = [await task.fork(waits, number) for number in range(count)]
        names = [await thread.port() for thread in threads]
        await task.sleep(MILLISECOND)
        ended: set[int] = set()
        given = 0
        suspended: list[int] = []
        for deed, number in deeds:
            if deed == "signal":
                await permit()
                given += 1
            elif number in ended or threads[number].done:
                continue
            elif deed == "terminate":
                await mach.thread_terminate(task, names[number])
                ended.add(number)
            elif deed == "abort":
                await mach.thread_abort(task, names[number])
            else:
                await mach.thread_suspend(task, names[number])
                suspended.append(number)
        for number in suspended:
            if number not in ended:
                await mach.thread_resume(task, names[number])
        await task.sleep(10 * MILLISECOND)
        assert not permits or all(thread.done for thread in threads), "a wake-up was lost"
        while given < count:
            await permit()
            given += 1
        await task.sleep(10 * MILLISECOND)
        assert all(thread.done for thread in threads)
        assert not mutex.locked
        return 3

    assert node.run(main) == 3, node.said


def test_signals_wake_in_order_of_arrival() -> None:
    async def scenario(task: NativeTask) -> None:
        mutex = Mutex(task)
        condition = Condition(task, mutex)
        order: list[int] = []

        async def waits(number: int) -> None:
            async with mutex:
                await condition.wait()
                order.append(number)

        threads = [await task.fork(waits, number) for number in range(5)]
        await task.sleep(MILLISECOND)
        condition.signal()
        await task.sleep(MILLISECOND)
        assert order == [0]
        async with mutex:
            condition.broadcast()
            condition.signal()  # nobody is left
            await task.sleep(MILLISECOND)
            assert order == [0]
        for thread in threads:
            await thread.join()
        assert order == [0, 1, 2, 3, 4]

    NativeNode().leaves_nothing(scenario)


def test_a_wait_may_time_out() -> None:
    async def scenario(task: NativeTask) -> None:
        mutex = Mutex(task)
        condition = Condition(task, mutex)
        async with mutex:
            began = task.now_ns
            assert not await condition.wait(2 * MILLISECOND)
            assert 2 * MILLISECOND <= task.now_ns - began < 3 * MILLISECOND
            assert mutex.locked

        async def signals() -> None:
            async with mutex:
                condition.signal()

        async with mutex:
            thread = await task.fork(signals)
            assert await condition.wait(50 * MILLISECOND)
        await thread.join()

    NativeNode().leaves_nothing(scenario)


@pytest.mark.parametrize("wrong", ["twice", "not mine", "wait"])
def test_misuse_is_an_error(wrong: str) -> None:
    async def scenario(task: NativeTask) -> None:
        mutex = Mutex(task, "the mutex")
        condition = Condition(task, mutex)
        with pytest.raises(RuntimeError, match="the mutex"):
            if wrong == "twice":
                await mutex.lock()
                try:
                    assert not mutex.try_lock()
                    await mutex.lock()
                finally:
                    mutex.unlock()
            elif wrong == "not mine":
                mutex.unlock()
            else:
                await condition.wait()
        assert mutex.try_lock()
        mutex.unlock()

    NativeNode().leaves_nothing(scenario)


def test_a_mutex_costs_what_the_table_says() -> None:
    node = NativeNode()

    async def scenario(task: NativeTask) -> None:
        mutex = Mutex(task)
        began = task.now_ns
        async with mutex:
            pass
        assert 0 < task.now_ns - began == 20 * node.kernel.costs.instruction
        other = await task.mach_thread_self()
        await drop_port(task, other)

    node.leaves_nothing(scenario)


@pytest.mark.parametrize("suspended", [False, True])
def test_a_thread_that_ends_gives_the_mutex_on(suspended: bool) -> None:
    """It was given the mutex, but terminated before it could go on."""

    async def scenario(task: NativeTask) -> None:
        mutex = Mutex(task)

        async def locks() -> None:
            async with mutex:
                pass

        async with mutex:
            chosen = await task.fork(locks)
            name = await chosen.port()
            await task.sleep(MILLISECOND)
            other = await task.fork(locks)
            await task.sleep(MILLISECOND)
            if suspended:
                await mach.thread_suspend(task, name)
        if suspended:
            await task.sleep(MILLISECOND)
            assert not other.done
        await mach.thread_terminate(task, name)
        await other.join()
        assert not mutex.locked
        await task.sleep(MILLISECOND)
        await drop_port(task, name)

    NativeNode().leaves_nothing(scenario)
