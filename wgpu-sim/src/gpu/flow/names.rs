//! What the kernel calls the words that Rust writes and reads: one list for both.

use core::fmt::Write as _;

/// Words that have names, in their order.
pub(super) struct Words(pub(super) &'static [&'static str]);

impl Words {
    /// How many there are.
    pub(super) const fn count(&self) -> usize {
        self.0.len()
    }

    /// Where a word is; beyond all of them where there is none of the name.
    pub(super) fn place(&self, name: &str) -> usize {
        let place = self.0.iter().position(|own| *own == name);
        debug_assert!(place.is_some(), "no word {name}");
        place.unwrap_or(self.0.len())
    }

    /// A record of values by name; what is not given is 0.
    pub(super) fn record(&self, values: &[(&str, u32)]) -> Vec<u32> {
        let mut words = vec![0; self.count()];
        for (name, value) in values {
            if let Some(word) = words.get_mut(self.place(name)) {
                *word = *value;
            }
        }
        words
    }
}

/// The program's first words.
pub(super) const HEADER: Words = Words(&[
    "WARMUP",
    "END",
    "NODE_COUNT",
    "ENTRIES",
    "ENTRY_COUNT",
    "GAPS",
    "IS_STEADY",
    "OBJECTIVE",
    "OBJECTIVE_HIGH",
    "HAS_STREAMS",
    "GOAL",
    "GOAL_HIGH",
    "LANE_BUCKETS",
    "ENDING",
    "ROUND_SPAN",
    "ARRIVED",
    "ARRIVED_MASK",
]);

/// The program's words of a node; the nodes come behind the header, in topological order.
pub(super) const NODE: Words = Words(&[
    "INDEX",
    "KIND",
    "RULE",
    "RULE_LIST",
    "REQUIRED",
    "OPTIONAL",
    "ALL",
    "IS_SINGLE",
    "STREAMS",
    "IS_SINK",
    "TIMEOUTS",
    "TIMEOUT_COUNT",
    "OUTPUTS",
    "OUTPUT_COUNT",
    "LIMIT",
    "PATIENCE",
    "PATIENCE_HIGH",
    "PASSES_ON_DROP",
    "QUEUES",
    "SERVERS",
    "ROUTING",
    "TABLE",
    "SIZES",
    "DELAY",
    "BATCHER",
    "SEQUENCES",
    "INBOX",
    "INBOX_MASK",
    "HEARD",
    "HEARD_MASK",
    "ROUND_MASK",
    "KEPT",
    "ABSENT",
    "WAKE",
    "TIMERS",
    "TIMERS_MASK",
    "STATION",
    "QUEUE_WORDS",
    "STARTS",
    "STARTS_MASK",
    "ENDS",
    "ENDS_MASK",
    "WAITING",
    "WAITING_MASK",
    "VISITS",
    "HISTOGRAMS",
]);

/// The program's words of an edge, in the list of the node that it leaves.
pub(super) const EDGE: Words = Words(&[
    "EDGE_TO",
    "EDGE_PLACE",
    "EDGE_CERTAIN",
    "EDGE_VISIT",
    "EDGE_LOW",
    "EDGE_LAST",
    "EDGE_HOP",
    "EDGE_LOOP",
    "EDGE_EXIT",
    "EDGE_ROUNDS",
]);

/// The program's words of a loop; behind them come the edges that leave it.
pub(super) const LOOP: Words = Words(&[
    "LOOP_HEAD",
    "LOOP_BACKS",
    "LOOP_BODY",
    "LOOP_EXITS",
    "LOOP_INSIDE",
    "LOOP_REQUEST_WORDS",
]);

/// A lane's words of a request in a loop; the first is its number plus one, or 0. Behind them come
/// those of each edge that leaves it.
pub(super) const INSIDE: Words = Words(&[
    "INSIDE_REQUEST",
    "BACKS_HEARD",
    "BACK_AT",
    "BACK_AT_HIGH",
    "GOES_ON",
    "OVER_ROUNDS",
    "TOLD",
]);

/// A lane's words of what an edge out of a loop has said of a request.
pub(super) const EXIT: Words = Words(&[
    "EXIT_SPOKEN",
    "EXIT_ROUNDS",
    "EXIT_AT",
    "EXIT_AT_HIGH",
    "EXIT_HEAD",
    "EXIT_TOKENS",
]);

/// The program's words of continuous batching.
pub(super) const BATCHER: Words = Words(&[
    "STEP_BASE",
    "STEP_BASE_HIGH",
    "STEP_TOKEN",
    "STEP_TOKEN_HIGH",
    "STEP_CONTEXT",
    "STEP_CONTEXT_HIGH",
    "STEP_PREFILL",
    "STEP_PREFILL_HIGH",
    "MAX_SEQUENCES",
    "MAX_TOKENS",
    "BLOCKS",
    "LONGEST",
    "CACHED_TOKENS",
    "HIT_LAST",
    "HIT_WORD",
    "PROMPT",
    "ANSWER",
    "GROWTH",
]);

/// The program's words of a number of tokens; behind them come a table and a draw's word for each
/// part.
pub(super) const LENGTHS: Words = Words(&["FIXED", "MOST", "PARTS"]);

/// A lane's first words; the requests on their way come behind them.
pub(super) const LANE: Words = Words(&[
    "NEXT",
    "STATUS",
    "TURNS",
    "AT",
    "AT_HIGH",
    "NEXT_GAP",
    "ENDED",
    "ENDED_HIGH",
    "BASE",
    "NOW",
    "NOW_HIGH",
    "AGAIN",
    "SERVES",
    "MORE",
    "MORE_HIGH",
    "LANE_ENTERED",
    "LANE_ANSWERED",
    "LANE_DROPPED",
    "LANE_TIMED_OUT",
    "LANE_UNANSWERED",
    "LANE_WITHIN",
    "SPAN",
    "SPAN_HIGH",
    "TIMES_SUM",
    "TIMES_SUM_HIGH",
    "FIRST_SUM",
    "FIRST_SUM_HIGH",
    "TOKEN_SUM",
    "TOKEN_SUM_HIGH",
]);

/// A lane's words of the visits to a node.
pub(super) const VISITS: Words = Words(&[
    "SERVED",
    "DROPPED",
    "SKIPPED",
    "TIMED_OUT",
    "CUT_OFF",
    "SATURATED",
    "TOGETHER",
    "WAIT_SUM",
    "WAIT_SUM_HIGH",
    "SERVICE_SUM",
    "SERVICE_SUM_HIGH",
    "WAITED",
    "WAITED_HIGH",
    "LOST",
    "LOST_HIGH",
    "ALONE",
    "ALONE_HIGH",
    "SHARED",
    "SHARED_MIDDLE",
    "SHARED_HIGH",
    "BATCHES",
    "BATCHES_HIGH",
    "CAME",
    "CAME_HIGH",
    "LEFT",
    "LEFT_HIGH",
    "FIRST",
    "FIRST_HIGH",
    "LAST",
    "LAST_HIGH",
    "FURTHER",
]);

/// A lane's words of a replica that batches continuously: its clock, its cache, the lists of those
/// who run and wait, when the time of the first of them is up, and how many ask for a block at steps
/// of each remainder, of which only the first has a name.
pub(super) const SCHEDULER: Words = Words(&[
    "CLOCK",
    "CLOCK_HIGH",
    "STEPS",
    "END_STEP",
    "DECODING",
    "CONTEXT",
    "CONTEXT_HIGH",
    "USED",
    "SHARES",
    "SHARES_HIGH",
    "UNSHARED",
    "UNSHARED_HIGH",
    "RUNNERS",
    "RUNNERS_FIRST",
    "RUNNERS_LAST",
    "WAITERS",
    "WAITERS_FIRST",
    "WAITERS_LAST",
    "DUE",
    "DUE_HIGH",
    "ASKING",
]);

/// A lane's words of a request in such a replica; the first is its number plus one, or 0.
pub(super) const SEQUENCE: Words = Words(&[
    "SEQUENCE_REQUEST",
    "SEQUENCE_CAME",
    "SEQUENCE_CAME_HIGH",
    "PROMPT_TOKENS",
    "ANSWER_TOKENS",
    "CACHED",
    "COMPUTED",
    "MADE",
    "SINCE",
    "DECODES",
    "START",
    "START_HIGH",
    "FIRST_TOKEN",
    "FIRST_TOKEN_HIGH",
    "BUSY",
    "BUSY_HIGH",
    "BEFORE",
    "BEHIND",
]);

/// Numbers that stand for words of the program.
pub(super) const CODES: [Words; 4] = [
    Words(&[
        "KIND_INSTANT",
        "KIND_DELAY",
        "KIND_SERVE",
        "KIND_BATCH",
        "KIND_CONTINUOUS",
    ]),
    Words(&["RULE_PORTS", "RULE_ALL", "RULE_VALUES"]),
    Words(&[
        "ROUTE_CENTRAL",
        "ROUTE_LEAST_LOADED",
        "ROUTE_ROUND_ROBIN",
        "ROUTE_RANDOM",
        "ROUTE_POWER_OF_TWO",
    ]),
    Words(&["RUNNING", "DONE", "FAILED", "STOPPED"]),
];

/// The number of a code.
pub(super) fn code(name: &str) -> u32 {
    let places = CODES.iter().filter_map(|codes| {
        let place = codes.0.iter().position(|own| *own == name)?;
        u32::try_from(place).ok()
    });
    let mut places = places;
    places.next().unwrap_or(u32::MAX)
}

/// Their declarations in WGSL, with some numbers besides.
pub(super) fn declarations(numbers: &[(&str, usize)]) -> String {
    let mut text = String::new();
    let lists = [
        HEADER, NODE, EDGE, LOOP, BATCHER, LENGTHS, LANE, VISITS, SCHEDULER, SEQUENCE, INSIDE, EXIT,
    ];
    for words in lists.iter().chain(&CODES) {
        for (place, name) in words.0.iter().enumerate() {
            let _ = writeln!(text, "const {name} = {place}u;");
        }
    }
    for (name, number) in numbers {
        let _ = writeln!(text, "const {name} = {number}u;");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_for_one_word() {
        let text = declarations(&[]);
        let mut names: Vec<&str> = text
            .lines()
            .filter_map(|line| line.split(' ').nth(1))
            .collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert_eq!(code("KIND_BATCH"), 3);
    }
}
