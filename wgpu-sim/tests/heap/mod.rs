//! A second simulator of graphs, written from their semantics alone: one event after the other
//! from a binary heap. It shares the program and its draws with the engine, and no code.

mod arrivals;
pub(crate) mod batcher;
mod cancel;
mod entry;
mod gpus;
mod scaling;
mod starting;
mod tries;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use batcher::{Replica, Sequence};
use entry::Entry;
use gpus::Group;
use scaling::Fleet;
use wgpu_sim::Trace;
use wgpu_sim::draws::{Purpose, counter_word, draw};
use wgpu_sim::network::{Flow, Gather, Routing, Step};
use wgpu_sim::stats::{BUCKETS, bucket};

/// What happens, in the order in which events of one time at one node are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    /// Something is due on a GPU that nodes use in turns.
    Turn,
    Departure,
    /// Somebody's time is up.
    GiveUp,
    /// Servers of one queue may be free whose number varies.
    Fill,
    /// An autoscaler looks.
    Look,
    /// A word along the edge at this place; (request, place, value). Or the next of several tries.
    Word,
    /// A batch may be due.
    Launch,
    /// The next tries of those who were dropped, behind all others who come.
    Late,
}

/// Time, the node's position in topological order, what, request, place (expiries behind all
/// edges), a word's value or a departure's queue, and the value's stream.
type Happening = (u64, usize, What, u32, u32, u32, Stream);
type Event = Reverse<Happening>;

/// How long before the whole its first token was there, and how many tokens there are.
type Stream = (u64, u32);

const WHOLE: Stream = (0, 0);

const EXPIRY: u32 = 1_000;
/// In place of an edge: another try.
const AGAIN: u32 = 2_000;

#[derive(Default)]
struct Hearing {
    settled: BTreeSet<u32>,
    values: BTreeSet<u32>,
    is_decided: bool,
    first: Option<u64>,
    tokens: u32,
}

/// One queue: who waits since when, and how many servers are idle.
#[derive(Clone, Default)]
struct Line {
    waiting: std::collections::VecDeque<(u64, u32)>,
    /// Who is being served, since when, and when it will have been.
    served: BTreeMap<u32, (u64, u64)>,
    idle: u32,
    in_service: usize,
    replica: Replica,
    /// Whether the replica's next step stands in the calendar.
    is_called: bool,
}

pub(crate) struct Heap<'a> {
    flow: &'a Flow,
    key: [u32; 2],
    events: BinaryHeap<Event>,
    entry: Entry<'a>,
    rank: Vec<usize>,
    hearing: Vec<BTreeMap<u32, Hearing>>,
    lines: Vec<Vec<Line>>,
    groups: Vec<Group>,
    /// Who has been served on a GPU that nodes use in turns, is to leave, and when it began.
    finished: BTreeMap<(usize, u32), u64>,
    /// What stands in the calendar of them.
    called: BTreeSet<(u64, usize, What)>,
    /// Of nodes whose replicas vary.
    fleets: BTreeMap<usize, Fleet>,
    turns: Vec<usize>,
    born: Vec<u64>,
    /// When visits came, and when their time is up.
    visits: BTreeMap<(usize, u32), (u64, u64)>,
    /// Of visits with several tries: when the time of all is up.
    ends: BTreeMap<(usize, u32), u64>,
    /// For each join, whose work it cancels; and whose work nobody needs any more.
    served_alone: Vec<Vec<usize>>,
    cancelled: BTreeSet<(usize, u32)>,
    dropped_at: BTreeMap<u32, u64>,
    timed_out_at: BTreeMap<u32, u64>,
    open: u64,
    trace: Trace,
}

impl<'a> Heap<'a> {
    /// Runs one lane from its start to its end: what it counted, and how often a request of
    /// continuous batching was put back.
    pub(crate) fn run(flow: &'a Flow, replication: u32) -> (Trace, u64) {
        let mut rank = vec![0; flow.nodes.len()];
        for (position, &node) in flow.order.iter().enumerate() {
            rank[node] = position;
        }
        let lines = flow
            .nodes
            .iter()
            .enumerate()
            .map(|(at, node)| match &node.step {
                // Whom it serves its group knows.
                Step::Serve { queues, .. } | Step::Batch { queues, .. }
                    if flow.slice_of(at).is_some() =>
                {
                    vec![Line::default(); *queues as usize]
                }
                Step::Serve {
                    queues, servers, ..
                }
                | Step::Batch {
                    queues, servers, ..
                } => {
                    let line = Line {
                        idle: *servers,
                        ..Line::default()
                    };
                    vec![line; *queues as usize]
                }
                Step::Continuous { queues, .. } => vec![Line::default(); *queues as usize],
                _ => Vec::new(),
            });
        let mut heap = Heap {
            flow,
            key: [flow.seed, replication],
            events: BinaryHeap::new(),
            entry: Entry::new(flow, replication),
            rank,
            hearing: flow.nodes.iter().map(|_| BTreeMap::new()).collect(),
            lines: lines.collect(),
            groups: flow.gpus.iter().map(|group| Group::new(group)).collect(),
            finished: BTreeMap::new(),
            called: BTreeSet::new(),
            fleets: BTreeMap::new(),
            turns: vec![0; flow.nodes.len()],
            born: Vec::new(),
            visits: BTreeMap::new(),
            ends: BTreeMap::new(),
            served_alone: cancel::served_alone(flow),
            cancelled: BTreeSet::new(),
            dropped_at: BTreeMap::new(),
            timed_out_at: BTreeMap::new(),
            open: u64::from(flow.counted) * flow.nodes.len() as u64,
            trace: Trace {
                nodes: vec![[0; 8]; flow.nodes.len() - 1],
                ending: [0; 5],
                times: vec![0; BUCKETS],
                first: (vec![0; BUCKETS], 0),
                token: (vec![0; BUCKETS], 0),
                caches: Vec::new(),
                before: (Vec::new(), 0),
                replicas: Vec::new(),
            },
        };
        if flow.admission.is_some() {
            heap.trace.before.0 = vec![0; BUCKETS];
        }
        heap.begin();
        while heap.open > 0 {
            let happens = heap.events.peek().map(|&Reverse((at, ..))| at);
            let entry = heap.entry.next();
            let enters = entry.filter(|&(_, now, is_late)| match happens {
                Some(at) => now < at || (now == at && !is_late),
                None => true,
            });
            if let Some((_, now, _)) = enters {
                // All who enter now do so before anything else.
                while let Some((came, at, _)) = heap.entry.next().filter(|&(_, at, _)| at == now) {
                    heap.enter(came, at);
                }
            } else {
                let Reverse(event) = heap.events.pop().unwrap();
                heap.happen(event);
            }
        }
        let replicas = heap.lines.iter().flatten().map(|line| &line.replica);
        let put_back = replicas.map(|replica| replica.preemptions).sum();
        heap.trace.caches = heap.caches();
        heap.trace.replicas = heap.replica_times(flow);
        (heap.trace, put_back)
    }

    fn enter(&mut self, came: u64, now: u64) {
        self.entry.enter();
        let request = u32::try_from(self.born.len()).unwrap();
        self.born.push(came);
        if self.flow.admission.is_some() && self.is_counted(request) {
            self.trace.before.1 += now - came;
            self.trace.before.0[bucket(u32::try_from(now - came).unwrap())] += 1;
        }
        let flow = self.flow;
        let source = u32::try_from(flow.nodes.len()).unwrap();
        self.send(source, &flow.entries, now, request, Some(WHOLE));
    }

    fn caches(&self) -> Vec<Option<(u64, u128, u128)>> {
        let nodes = self.flow.nodes.iter().zip(&self.lines);
        let caches = nodes.map(|(node, lines)| {
            let Step::Continuous { batcher, .. } = &node.step else {
                return None;
            };
            let caches = lines.iter().map(|line| line.replica.cache(batcher));
            caches.reduce(|a, b| (a.0 + b.0, a.1 + b.1, a.2 + b.2))
        });
        caches.take(self.flow.sink()).collect()
    }

    fn bits(&self, node: usize, purpose: Purpose, visit: u32, request: u32) -> u32 {
        let word = counter_word(u32::try_from(node).unwrap(), purpose, visit);
        draw(self.key, request, word)
    }

    /// Whether a visit is of a request that counts, whatever try it is.
    fn is_counted(&self, number: u32) -> bool {
        let request = number % self.flow.span;
        request >= self.flow.warmup && request < self.flow.warmup + self.flow.counted
    }

    fn send(&mut self, node: u32, edges: &[usize], at: u64, request: u32, value: Option<Stream>) {
        for &edge in edges {
            let edge = self.flow.edges[edge];
            let bits = self.bits(node as usize, Purpose::Branch, edge.chance.visit, request);
            let taken = value.is_some() && edge.chance.holds(bits);
            let hop = if taken { u64::from(edge.hop) } else { 0 };
            self.events.push(Reverse((
                at + hop,
                self.rank[edge.to],
                What::Word,
                request,
                edge.place.into(),
                u32::from(taken),
                value.filter(|_| taken).unwrap_or(WHOLE),
            )));
        }
    }

    fn happen(&mut self, happening: Happening) {
        let (at, node) = (happening.0, self.flow.order[happening.1]);
        self.note_work(at, node);
        self.happens_at(node, happening);
        self.note_gone(at, node);
    }

    fn happens_at(
        &mut self,
        node: usize,
        (at, position, what, request, place, detail, stream): Happening,
    ) {
        let slice = self.flow.slice_of(node);
        if let Some((group, _)) = slice {
            self.called.remove(&(at, position, what));
            self.take_turns(group, at);
        }
        match what {
            What::Turn => {}
            What::Fill => self.fill(at, node),
            What::Look => self.look(at, node),
            What::Departure if slice.is_some() => self.tell_finished(at, node, request),
            What::Launch if slice.is_some() => self.launch_work(at, slice.unwrap()),
            What::Word if place == AGAIN => self.arrive(at, node, request, Some(WHOLE)),
            What::Late => {
                // All of them come before a batch is due again.
                let mut late = vec![request];
                while let Some(&Reverse((next, rank, What::Late, request, ..))) = self.events.peek()
                    && (next, rank) == (at, position)
                {
                    self.events.pop();
                    late.push(request);
                }
                for request in late {
                    self.arrive(at, node, request, Some(WHOLE));
                }
            }
            What::GiveUp => self.give_up(at, node, request),
            What::Word => {
                if let Some(value) =
                    self.hear(at, node, request, place, (detail == 1).then_some(stream))
                {
                    self.arrive(at, node, request, value);
                    self.cancel(at, node, request);
                }
            }
            What::Departure => {
                // A batch frees its server once: with the first of it.
                let queue = detail as usize;
                let line = &mut self.lines[node][queue];
                let served = line.served.remove(&request);
                if let Some((start, _)) = served {
                    line.in_service -= 1;
                    let (came, _) = self.visits.remove(&(node, request)).unwrap();
                    self.count(node, request, 0, 1);
                    self.count(node, request, 3, start - came);
                    self.count(node, request, 4, at - start);
                    self.ends.remove(&(node, request % self.flow.span));
                    self.leave(at, node, request % self.flow.span, Some(stream));
                }
                // Who was cut off has freed its server, if it was alone with it.
                let is_batch = matches!(self.flow.nodes[node].step, Step::Batch { .. });
                if served.is_some() || is_batch {
                    self.lines[node][queue].idle += place;
                    self.start(at, node, queue);
                }
                self.free_pooled(at, node, request);
            }
            What::Launch if self.is_pooled(node) => self.launch_pooled(at, node),
            What::Launch if matches!(self.flow.nodes[node].step, Step::Continuous { .. }) => {
                self.step(at, node, detail as usize);
            }
            What::Launch => self.start_due(at, node, detail as usize),
        }
    }

    /// Nothing while the node is undecided; then a value, or none.
    #[allow(clippy::option_option)]
    fn hear(
        &mut self,
        at: u64,
        node: usize,
        request: u32,
        place: u32,
        value: Option<Stream>,
    ) -> Option<Option<Stream>> {
        let stated = &self.flow.nodes[node];
        let hearing = self.hearing[node].entry(request).or_default();
        if hearing.is_decided {
            return None;
        }
        if place >= EXPIRY {
            if !hearing.settled.insert(place - EXPIRY) {
                return None;
            }
            if !self.cancelled.contains(&(node, request)) {
                let known = self.timed_out_at.entry(request).or_insert(at);
                *known = at.min(*known);
            }
        } else {
            if !hearing.settled.insert(place) {
                return None;
            }
            if let Some((head, tokens)) = value {
                let first = at - head;
                hearing.first = Some(hearing.first.map_or(first, |known| known.min(first)));
                hearing.tokens += tokens;
                if hearing.values.is_empty() {
                    for (other, &edge) in (0..).zip(&stated.inputs) {
                        let timeout = self.flow.edges[edge].timeout;
                        if timeout > 0 {
                            self.events.push(Reverse((
                                at + u64::from(timeout),
                                self.rank[node],
                                What::Word,
                                request,
                                other + EXPIRY,
                                0,
                                WHOLE,
                            )));
                        }
                    }
                }
                hearing.values.insert(place);
            }
        }
        let all = hearing.settled.len() == stated.inputs.len();
        let has = |port: u64| hearing.values.iter().any(|&place| port >> place & 1 == 1);
        let lost = |port: u64| {
            !has(port)
                && (0..64)
                    .filter(|place| port >> place & 1 == 1)
                    .all(|place| hearing.settled.contains(&place))
        };
        let decision = match &stated.gather {
            Gather::All => all.then_some(!hearing.values.is_empty()),
            Gather::Values(count) if hearing.values.len() >= *count as usize => Some(true),
            Gather::Values(_) => all.then_some(false),
            Gather::Ports { required, .. } if required.iter().any(|&port| lost(port)) => {
                Some(false)
            }
            Gather::Ports { required, optional } => (required.iter().all(|&port| has(port))
                && optional.iter().all(|&port| has(port) || lost(port)))
            .then_some(true),
        };
        hearing.is_decided = decision.is_some();
        // Several values make one whole, but for the answer of the graph.
        let is_stream = stated.streams && (hearing.values.len() == 1 || node == self.flow.sink());
        let stream = match hearing.first {
            Some(first) if is_stream => (at - first, hearing.tokens),
            _ => WHOLE,
        };
        decision.map(|value| value.then_some(stream))
    }

    fn service(&self, node: usize, table: usize, request: u32) -> u32 {
        let bits = self.bits(node, Purpose::Service, 0, request);
        self.flow.tables[table].value(bits)
    }

    fn count(&mut self, node: usize, request: u32, column: usize, amount: u64) {
        if self.is_counted(request) && node != self.flow.sink() {
            self.trace.nodes[node][column] += amount;
        }
    }

    fn arrive(&mut self, at: u64, node: usize, request: u32, value: Option<Stream>) {
        let is_needed = !self.cancelled.contains(&(node, request % self.flow.span));
        let Some(stream) = value.filter(|_| is_needed) else {
            self.count(node, request, 2, 1);
            self.leave(at, node, request, None);
            return;
        };
        let flow = self.flow;
        if !matches!(flow.nodes[node].step, Step::Instant) {
            self.bound(at, node, request);
        }
        match &flow.nodes[node].step {
            Step::Instant => {
                self.count(node, request, 0, 1);
                self.leave(at, node, request, Some(stream));
            }
            Step::Delay(table) => {
                let service = u64::from(self.service(node, *table, request));
                // Its own line, so that a departure finds one.
                self.lines[node].resize(1, Line::default());
                self.lines[node][0].in_service += 1;
                let line = &mut self.lines[node][0];
                line.served.insert(request, (at, at + service));
                let event = (
                    at + service,
                    self.rank[node],
                    What::Departure,
                    request,
                    0,
                    0,
                    stream,
                );
                self.events.push(Reverse(event));
            }
            Step::Serve { routing, .. } | Step::Batch { routing, .. }
                if flow.slice_of(node).is_some() =>
            {
                let slice = flow.slice_of(node).unwrap();
                self.take_turn(at, slice, request, *routing);
            }
            Step::Serve { routing, .. } | Step::Batch { routing, .. } => {
                let queue = self.route(at, node, request, *routing);
                let is_batch = matches!(flow.nodes[node].step, Step::Batch { .. });
                let limit = self.limit(node);
                let has_free = self.has_free(at, node);
                let line = &mut self.lines[node][queue];
                // A first-come queue starts whom it can at once, so whoever is idle takes this one.
                let must_wait = is_batch || (line.idle == 0 && !has_free);
                if must_wait && line.waiting.len() >= limit {
                    self.drop(at, node, request);
                    return;
                }
                line.waiting.push_back((at, request));
                if self.is_pooled(node) {
                    self.fill(at, node);
                } else {
                    self.start(at, node, queue);
                }
            }
            Step::Continuous {
                routing, batcher, ..
            } => {
                let queue = self.route(at, node, request, *routing);
                let one = Sequence::new(batcher, &flow.tables, self.key, request, at);
                let limit = self.limit(node);
                let line = &mut self.lines[node][queue];
                if line.replica.waiting.len() >= limit || one.all_blocks() > batcher.blocks {
                    self.drop(at, node, request);
                    return;
                }
                line.in_service += 1;
                line.replica.waiting.push_back(one);
                self.call(node, queue);
            }
        }
    }

    fn limit(&self, node: usize) -> usize {
        let limit = self.flow.nodes[node].limit;
        limit.map_or(usize::MAX, |limit| limit as usize)
    }

    /// Puts a replica's next step into the calendar.
    fn call(&mut self, node: usize, queue: usize) {
        let line = &mut self.lines[node][queue];
        if let Some(start) = line.replica.start()
            && !line.is_called
        {
            line.is_called = true;
            let detail = u32::try_from(queue).unwrap();
            let event = (
                start >> 16,
                self.rank[node],
                What::Launch,
                0,
                0,
                detail,
                WHOLE,
            );
            self.events.push(Reverse(event));
        }
    }

    /// Runs a replica's step, if those who left since have left anybody.
    fn step(&mut self, at: u64, node: usize, queue: usize) {
        let Step::Continuous { batcher, .. } = &self.flow.nodes[node].step else {
            return;
        };
        let line = &mut self.lines[node][queue];
        line.is_called = false;
        let Some(start) = line.replica.start() else {
            return;
        };
        if start >> 16 > at {
            self.call(node, queue);
            return;
        }
        let (counting, span) = (self.flow.counting(), self.flow.span);
        let stepped = line
            .replica
            .step(batcher, start, |number| counting.contains(&(number % span)));
        let ticks = |time: u64| (time + (1 << 15)) >> 16;
        let end = ticks(stepped.end);
        for one in stepped.finished {
            let start = ticks(one.start.unwrap());
            self.lines[node][queue]
                .served
                .insert(one.request, (start, end));
            let detail = u32::try_from(queue).unwrap();
            let stream = (end - ticks(one.first.unwrap()), one.answer);
            let event = (
                end,
                self.rank[node],
                What::Departure,
                one.request,
                0,
                detail,
                stream,
            );
            self.events.push(Reverse(event));
        }
        self.call(node, queue);
    }

    fn route(&mut self, at: u64, node: usize, request: u32, routing: Routing) -> usize {
        let lines = self.candidates(at, node);
        lines[self.pick(node, &lines, request, routing)]
    }

    /// Which of some lines of a node takes a request.
    fn pick(&mut self, node: usize, lines: &[usize], request: u32, routing: Routing) -> usize {
        let count = lines.len();
        let lines = lines.iter().map(|&line| &self.lines[node][line]);
        let loads: Vec<usize> = lines
            .map(|line| line.waiting.len() + line.in_service)
            .collect();
        let pick = |bits: u32, of: usize| ((u64::from(bits) * of as u64) >> 32) as usize;
        match routing {
            _ if count == 1 => 0,
            Routing::Central => 0,
            Routing::RoundRobin => {
                // There may be fewer than there were.
                let turn = Some(self.turns[node])
                    .filter(|&turn| turn < count)
                    .unwrap_or(0);
                self.turns[node] = (turn + 1) % count;
                turn
            }
            Routing::Random => pick(self.bits(node, Purpose::Route, 0, request), count),
            Routing::LeastLoaded => {
                let least = *loads.iter().min().unwrap();
                let equals: Vec<usize> = (0..count).filter(|&at| loads[at] == least).collect();
                equals[pick(self.bits(node, Purpose::Route, 0, request), equals.len())]
            }
            Routing::PowerOfTwo => {
                let first = pick(self.bits(node, Purpose::Route, 0, request), count);
                let mut others: Vec<usize> = (0..count).collect();
                others.remove(first);
                let second = others[pick(self.bits(node, Purpose::Route, 1, request), count - 1)];
                if loads[second] < loads[first] {
                    second
                } else {
                    first
                }
            }
        }
    }

    fn leave(&mut self, at: u64, node: usize, request: u32, value: Option<Stream>) {
        let is_counted = self.is_counted(request);
        self.open -= u64::from(is_counted);
        if node != self.flow.sink() {
            let flow = self.flow;
            let number = u32::try_from(node).unwrap();
            self.send(number, &flow.nodes[node].outputs, at, request, value);
            return;
        }
        self.entry.leave(at);
        if is_counted {
            let time = at - self.born[request as usize];
            let column = if let Some((head, tokens)) = value {
                self.trace.ending[4] += time;
                self.trace.times[bucket(u32::try_from(time).unwrap())] += 1;
                self.stream(time - head, head, tokens);
                0
            } else if self.dropped_at.contains_key(&request) {
                1
            } else if self.timed_out_at.contains_key(&request) {
                2
            } else {
                3
            };
            self.trace.ending[column] += 1;
        }
    }
    fn stream(&mut self, first: u64, head: u64, tokens: u32) {
        if !self.flow.has_streams() {
            return;
        }
        let count = |(counts, sum): &mut (Vec<u32>, u64), time: u64| {
            *sum += time;
            counts[bucket(u32::try_from(time).unwrap())] += 1;
        };
        count(&mut self.trace.first, first);
        if tokens > 1 {
            let behind = u64::from(tokens - 1);
            count(&mut self.trace.token, (head + behind / 2) / behind);
        }
    }
}
