//! A graph as the words that the kernel reads, and where a lane keeps its own.

mod batcher;
mod rounds;

use super::super::GpuError;
use super::names::{EDGE, HEADER, LANE, NODE, SEQUENCE, VISITS, code};
use crate::draws::KNOTS;
use crate::program::network::{Edge, Flow, Gather, Node, Pace, Routing, Step};
use crate::record::COUNTS;
use crate::stats::BUCKETS;

/// So many requests may be on their way in a lane; with more, the CPU simulates it.
pub(super) const REQUESTS: usize = 512;
/// Words of a request on its way.
const REQUEST_WORDS: usize = 7;
/// Words of a message, and of what is heard of a request.
const MESSAGE: usize = 6;
const HEARD: usize = 8;
/// So many rounds of a request may be awaited at once at a node; with more, the CPU simulates the lane.
const ROUNDS: u32 = 4;
/// So many visits may come to a node at one moment, of four words each.
const ARRIVED: usize = 2 * REQUESTS;
const ARRIVAL: usize = 4;
/// Words of a server of a queue.
const SERVER: usize = 7;
/// A queue without a limit.
pub(super) const UNLIMITED: u32 = u32::MAX;

/// The words of a graph.
pub(super) struct Words {
    /// What the kernel reads of the graph.
    pub(super) program: Vec<u32>,
    /// The knots of its tables.
    pub(super) knots: Vec<u32>,
    /// How many words a lane has.
    pub(super) lane: usize,
    /// How many buckets a lane counts in.
    pub(super) buckets: usize,
    /// Where each node's visits are among a lane's words, in the order of the document; without the
    /// sink.
    pub(super) visits: Vec<usize>,
}

/// Takes words of a lane, one stretch after the other.
struct Arena(usize);

impl Arena {
    fn take(&mut self, words: usize) -> u32 {
        let place = self.0;
        self.0 = self.0.saturating_add(words);
        number(place)
    }
}

fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// Two words, the lower first.
pub(super) fn halves(value: u64) -> [u32; 2] {
    #[allow(clippy::cast_possible_truncation)] // The lower half is meant.
    let low = value as u32;
    #[allow(clippy::cast_possible_truncation)] // It has 32 bits.
    let high = (value >> 32) as u32;
    [low, high]
}

/// A ring of a power of two of entries: its words, and its mask.
fn ring(entries: usize, words: usize) -> (usize, u32) {
    let entries = entries.max(1).next_power_of_two();
    let mask = number(entries.saturating_sub(1));
    (entries.saturating_mul(words).saturating_add(2), mask)
}

/// Whether a trace says how many tokens a node's requests have.
fn is_traced(node: &Node) -> bool {
    let Step::Continuous { batcher, .. } = &node.step else {
        return false;
    };
    let lengths = [&batcher.prompt, &batcher.answer];
    lengths.iter().any(|lengths| !lengths.traced.is_empty())
}

impl Words {
    /// Compiles a graph for the kernel.
    ///
    /// # Errors
    /// [`GpuError::Unsuitable`] names the node that the kernel cannot hold.
    pub(super) fn new(flow: &Flow) -> Result<Self, GpuError> {
        rounds::check(flow)?;
        if let Some(node) = flow.nodes.iter().find(|node| is_traced(node)) {
            let name = &node.name;
            let reason = format!("a trace says the tokens of `{name}`, which the CPU alone reads");
            return Err(GpuError::Unsuitable(reason));
        }
        let mut rank = vec![0_usize; flow.nodes.len()];
        for (position, &node) in flow.order.iter().enumerate() {
            if let Some(rank) = rank.get_mut(node) {
                *rank = position;
            }
        }
        let mut lists = Lists {
            flow,
            rank,
            start: HEADER
                .count()
                .saturating_add(flow.nodes.len().saturating_mul(NODE.count())),
            words: Vec::new(),
            loops: Vec::new(),
        };
        let requests = REQUESTS.saturating_mul(REQUEST_WORDS);
        let mut arena = Arena(LANE.count().saturating_add(requests));
        lists.loops(&mut arena);
        let mut nodes = Vec::new();
        let mut visits = vec![0; flow.sink()];
        for &index in &flow.order {
            let Some(node) = flow.nodes.get(index) else {
                continue;
            };
            let own = arena.take(VISITS.count());
            if let Some(place) = visits.get_mut(index) {
                *place = own as usize;
            }
            let mut fields = vec![
                ("VISITS", own),
                ("INDEX", number(index)),
                ("HISTOGRAMS", number(index.saturating_mul(3))),
            ];
            lists.gathering(index, node, &mut arena, &mut fields)?;
            lists.station(node, &mut arena, &mut fields)?;
            let outputs = lists.edges(&node.outputs);
            let [patience, patience_high] = halves(node.call.patience());
            fields.extend([
                ("OUTPUTS", outputs),
                ("OUTPUT_COUNT", number(node.outputs.len())),
                ("PASSES_ON_DROP", u32::from(node.passes_on_drop)),
                ("IS_SINK", u32::from(index == flow.sink())),
                ("LIMIT", node.limit.unwrap_or(UNLIMITED)),
                ("PATIENCE", patience),
                ("PATIENCE_HIGH", patience_high),
            ]);
            nodes.extend(NODE.record(&fields));
        }
        let entries = lists.edges(&flow.entries);
        let endings = if flow.has_streams() { 3 } else { 1 };
        let buckets = flow
            .sink()
            .saturating_mul(COUNTS)
            .saturating_add(BUCKETS.saturating_mul(endings));
        let mut program = header(flow, entries, buckets, &mut arena);
        program.extend(nodes);
        program.extend(lists.words);
        let knots = flow
            .tables
            .iter()
            .flat_map(|table| *table.knots())
            .collect();
        Ok(Self {
            program,
            knots,
            lane: arena.0,
            buckets,
            visits,
        })
    }
}

fn header(flow: &Flow, entries: u32, buckets: usize, arena: &mut Arena) -> Vec<u32> {
    // Those who come at one moment.
    let (arrived, arrived_mask) = if flow.by_events.is_some() {
        ring(ARRIVED, ARRIVAL)
    } else {
        (0, 0)
    };
    let [objective, objective_high] = halves(flow.objective.unwrap_or(u64::MAX));
    let goal = u64::from(flow.counted).saturating_mul(flow.nodes.len() as u64);
    let [goal, goal_high] = halves(goal);
    HEADER.record(&[
        ("WARMUP", flow.warmup),
        ("END", flow.end()),
        ("NODE_COUNT", number(flow.nodes.len())),
        ("ENTRIES", entries),
        ("ENTRY_COUNT", number(flow.entries.len())),
        ("GAPS", number(flow.gap.saturating_mul(KNOTS))),
        ("IS_STEADY", u32::from(flow.pace == Pace::Steady)),
        ("OBJECTIVE", objective),
        ("OBJECTIVE_HIGH", objective_high),
        ("HAS_STREAMS", u32::from(flow.has_streams())),
        ("GOAL", goal),
        ("GOAL_HIGH", goal_high),
        ("LANE_BUCKETS", number(buckets)),
        ("ENDING", number(flow.sink().saturating_mul(3))),
        ("ROUND_SPAN", flow.span),
        ("ARRIVED", arena.take(arrived)),
        ("ARRIVED_MASK", arrived_mask),
    ])
}

type Fields = Vec<(&'static str, u32)>;

/// The lists behind the nodes.
struct Lists<'a> {
    flow: &'a Flow,
    /// Where each node stands among the nodes of the program.
    rank: Vec<usize>,
    /// Where the lists begin.
    start: usize,
    words: Vec<u32>,
    /// Where the record of each loop is among the lists.
    loops: Vec<u32>,
}

impl Lists<'_> {
    /// Where the next list begins.
    fn here(&self) -> u32 {
        number(self.start.saturating_add(self.words.len()))
    }

    fn edges(&mut self, edges: &[usize]) -> u32 {
        let place = self.here();
        for &index in edges {
            if let Some(edge) = self.flow.edges.get(index) {
                let (own, exit) = self.way_out(index, edge);
                let record = self.edge(edge, own, exit);
                self.words.extend(record);
            }
        }
        place
    }

    /// Where a node's record is.
    fn place_of(&self, node: usize) -> u32 {
        let rank = self.rank.get(node).copied().unwrap_or(0);
        let before = rank.saturating_mul(NODE.count());
        number(before.saturating_add(HEADER.count()))
    }

    fn edge(&self, edge: &Edge, own: u32, exit: u32) -> Vec<u32> {
        let chance = edge.chance;
        let low = u32::try_from(chance.low);
        let last = chance.high.checked_sub(1);
        let last = last.map(|last| u32::try_from(last).unwrap_or(u32::MAX));
        // An edge that nobody takes has its last before its least.
        let (low, last) = match (low, last) {
            (Ok(low), Some(last)) => (low, last),
            _ => (1, 0),
        };
        EDGE.record(&[
            ("EDGE_TO", self.place_of(edge.to)),
            ("EDGE_PLACE", u32::from(edge.place)),
            ("EDGE_CERTAIN", u32::from(chance.is_certain())),
            ("EDGE_VISIT", chance.visit),
            ("EDGE_LOW", low),
            ("EDGE_LAST", last),
            ("EDGE_HOP", edge.hop),
            ("EDGE_LOOP", own),
            ("EDGE_EXIT", exit),
            ("EDGE_ROUNDS", edge.rounds),
        ])
    }

    /// What the node waits for.
    fn gathering(
        &mut self,
        index: usize,
        node: &Node,
        arena: &mut Arena,
        fields: &mut Fields,
    ) -> Result<(), GpuError> {
        let count = node.inputs.len();
        if count > 31 {
            return Err(unsuitable(
                node,
                &format!("has {count} edges coming in, 31 are the most"),
            ));
        }
        #[allow(clippy::cast_possible_truncation)] // Of at most 31 edges.
        let narrow = |mask: &u64| *mask as u32;
        let all = (1_u32 << count).wrapping_sub(1);
        let list = self.here();
        let (rule, list, required, optional) = match &node.gather {
            Gather::Ports { required, optional } => {
                self.words.extend(required.iter().map(narrow));
                self.words.extend(optional.iter().map(narrow));
                ("RULE_PORTS", list, required.len(), optional.len())
            }
            Gather::All => ("RULE_ALL", 0, 0, 0),
            Gather::Values(values) => ("RULE_VALUES", *values, 0, 0),
        };
        let timeouts = self.here();
        let mut timeout_count = 0_u32;
        for (place, &edge) in (0_u32..).zip(&node.inputs) {
            let timeout = self.flow.edges.get(edge).map_or(0, |edge| edge.timeout);
            if timeout > 0 {
                self.words.extend([place, timeout]);
                timeout_count = timeout_count.saturating_add(1);
            }
        }
        let (inbox, inbox_mask) = ring(REQUESTS.saturating_mul(count), MESSAGE);
        let rounds = self.rounds(index, fields, arena);
        let heard = REQUESTS.saturating_mul(rounds);
        let (timers, timers_mask) = ring(REQUESTS.saturating_mul(2), MESSAGE);
        let is_single = node.hears_one();
        let unless = |needless: bool, words| if needless { 0 } else { words };
        fields.extend([
            ("RULE", code(rule)),
            ("RULE_LIST", list),
            ("REQUIRED", number(required)),
            ("OPTIONAL", number(optional)),
            ("ALL", all),
            ("IS_SINGLE", u32::from(is_single)),
            ("STREAMS", u32::from(node.streams)),
            ("TIMEOUTS", timeouts),
            ("TIMEOUT_COUNT", timeout_count),
            ("INBOX", arena.take(inbox)),
            ("INBOX_MASK", inbox_mask),
            (
                "HEARD",
                arena.take(unless(is_single, heard.saturating_mul(HEARD))),
            ),
            ("HEARD_MASK", number(heard.saturating_sub(1))),
            ("TIMERS", arena.take(unless(timeout_count == 0, timers))),
            ("TIMERS_MASK", timers_mask),
        ]);
        Ok(())
    }

    /// What the node does.
    fn station(
        &mut self,
        node: &Node,
        arena: &mut Arena,
        fields: &mut Fields,
    ) -> Result<(), GpuError> {
        let table = |table: usize| number(table.saturating_mul(KNOTS));
        let (kind, queues, servers, routing, table) = match &node.step {
            Step::Instant => ("KIND_INSTANT", 0, 0, Routing::Central, 0),
            Step::Delay(service) => ("KIND_DELAY", 0, 0, Routing::Central, table(*service)),
            Step::Serve {
                queues,
                servers,
                routing,
                service,
            } => ("KIND_SERVE", *queues, *servers, *routing, table(*service)),
            Step::Batch {
                queues,
                servers,
                routing,
                times,
                delay,
            } => {
                let place = self.here();
                self.words.extend(times);
                fields.extend([("SIZES", number(times.len())), ("DELAY", *delay)]);
                ("KIND_BATCH", *queues, *servers, *routing, place)
            }
            Step::Continuous {
                queues,
                routing,
                batcher,
            } => {
                let sequences = REQUESTS.saturating_mul(SEQUENCE.count());
                fields.extend([
                    ("BATCHER", self.batcher(batcher)),
                    ("SEQUENCES", arena.take(sequences)),
                ]);
                ("KIND_CONTINUOUS", *queues, 1, *routing, 0)
            }
        };
        fields.extend([
            ("KIND", code(kind)),
            ("QUEUES", queues),
            ("SERVERS", servers),
            ("ROUTING", code(routing_code(routing))),
            ("TABLE", table),
        ]);
        if queues == 0 {
            return Ok(());
        }
        if queues.saturating_mul(servers) > 1 << 12 {
            return Err(unsuitable(node, "has more than 4,096 servers"));
        }
        // One queue, relative to its own first word.
        let words = match &node.step {
            Step::Batch { .. } => (servers as usize).saturating_mul(2),
            Step::Continuous { .. } => batcher::REPLICA_WORDS,
            _ => (servers as usize).saturating_mul(SERVER),
        };
        let mut queue = Arena(words);
        if kind == "KIND_BATCH" {
            let (words, mask) = ring(REQUESTS, 3);
            fields.extend([("WAITING", queue.take(words)), ("WAITING_MASK", mask)]);
        } else if kind == "KIND_SERVE" && node.limit.is_some() {
            let (words, mask) = ring(REQUESTS, 2);
            fields.extend([("STARTS", queue.take(words)), ("STARTS_MASK", mask)]);
        }
        if asks_for_loads(routing) && queues > 1 {
            let (words, mask) = ring(REQUESTS, 2);
            fields.extend([("ENDS", queue.take(words)), ("ENDS_MASK", mask)]);
        }
        // Before the queues stands whose turn it is.
        let words = queue.0.saturating_mul(queues as usize).saturating_add(1);
        fields.extend([
            ("QUEUE_WORDS", number(queue.0)),
            ("STATION", arena.take(words)),
        ]);
        Ok(())
    }
}

/// Whether requests are routed by who else is where.
const fn asks_for_loads(routing: Routing) -> bool {
    matches!(routing, Routing::LeastLoaded | Routing::PowerOfTwo)
}

const fn routing_code(routing: Routing) -> &'static str {
    match routing {
        Routing::Central => "ROUTE_CENTRAL",
        Routing::LeastLoaded => "ROUTE_LEAST_LOADED",
        Routing::RoundRobin => "ROUTE_ROUND_ROBIN",
        Routing::Random => "ROUTE_RANDOM",
        Routing::PowerOfTwo => "ROUTE_POWER_OF_TWO",
    }
}

fn unsuitable(node: &Node, why: &str) -> GpuError {
    GpuError::Unsuitable(format!("node `{}` {why}", node.name))
}
