"""Toy nodes with a process each: nothing but bytes can pass between them.

The same conservative protocol as the engine's, between processes: in turns, everybody runs for a window
of one lookahead from the earliest next time of all.
"""

import multiprocessing
from multiprocessing.connection import Connection

from kernel.machine.engine import Horizon
from kernel.machine.events import NEVER
from kernel.machine.trace import combine_digests

from .toy import LOOKAHEAD_NS, ToyNode, ToyProgram


def run_in_processes(cluster: list[ToyProgram]) -> str:
    """The hash of the cluster's trace."""
    return _Processes(cluster).run()


def _serve(pipe: Connection, program: ToyProgram, toys: int) -> None:
    """One toy, alone in its process: it gets packets and horizons, and answers with packets."""
    sent: list[tuple[int, int, int, bytes]] = []
    horizon = Horizon()

    def send(source: int, destination: int, arrival_ns: int, packet: bytes) -> None:
        assert arrival_ns >= horizon.now + LOOKAHEAD_NS
        sent.append((destination, arrival_ns, 0, packet))

    toy = ToyNode(program, toys, send)
    sequence = 0
    while True:
        begun = min(horizon.now, horizon.time - 1)
        pipe.send((toy.next_time(), toy.progress_time(), begun, sent, toy.trace.digest()))
        order = pipe.recv()
        if order is None:
            return
        horizon.time, horizon.housekeeping, packets = order
        horizon.now = -1
        sent.clear()
        for arrival_ns, source, number, packet in packets:
            toy.events.post(arrival_ns, source, number, toy.receive, source, packet)
        toy.advance(horizon)
        for place, (destination, arrival_ns, _, packet) in enumerate(sent):
            sequence += 1
            sent[place] = (destination, arrival_ns, sequence, packet)


class _Processes:
    """The processes of one cluster, and what they said last."""

    def __init__(self, cluster: list[ToyProgram]) -> None:
        context = multiprocessing.get_context("fork")
        self.pipes: list[Connection] = []
        self.processes = []
        for program in cluster:
            mine, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, program, len(cluster)), daemon=True)
            process.start()
            theirs.close()
            self.pipes.append(mine)
            self.processes.append(process)
        self.next = [NEVER] * len(cluster)
        self.progress = [NEVER] * len(cluster)
        self.digests = [""] * len(cluster)
        self.packets: list[list[tuple[int, int, int, bytes]]] = [[] for _ in cluster]
        self.latest = -1  # when the last thing that anybody did began

    def hear(self, node: int) -> None:
        self.next[node], self.progress[node], begun, sent, self.digests[node] = self.pipes[node].recv()
        self.latest = max(self.latest, begun)
        for destination, arrival_ns, sequence, packet in sent:
            self.packets[destination].append((arrival_ns, node, sequence, packet))

    def run(self) -> str:
        nodes = range(len(self.pipes))
        for node in nodes:
            self.hear(node)
        while True:
            for node in nodes:
                for packet in self.packets[node]:
                    self.next[node] = min(self.next[node], packet[0])
                    self.progress[node] = min(self.progress[node], packet[0])
            alive = [node for node in nodes if self.progress[node] < NEVER]
            first = min(nodes, key=lambda node: (self.next[node], self.progress[node] == NEVER))
            start = self.next[first]
            if not alive and (start >= NEVER or self.latest <= start):
                break
            if self.progress[first] == NEVER:
                self.advance([first], start + 1, start + 1)
            else:
                window = [node for node in alive if self.next[node] < start + LOOKAHEAD_NS]
                self.advance(window, start + LOOKAHEAD_NS, 0)
        for pipe, process in zip(self.pipes, self.processes, strict=True):
            pipe.send(None)
            process.join(10)
        return combine_digests(dict(enumerate(self.digests)))

    def advance(self, nodes: list[int], time: int, housekeeping: int) -> None:
        for node in nodes:
            self.pipes[node].send((time, housekeeping, self.packets[node]))
            self.packets[node] = []
        for node in nodes:
            self.hear(node)
