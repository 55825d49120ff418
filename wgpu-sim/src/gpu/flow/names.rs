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
    "PASSES_ON_DROP",
    "QUEUES",
    "SERVERS",
    "ROUTING",
    "TABLE",
    "SIZES",
    "DELAY",
    "INBOX",
    "INBOX_MASK",
    "HEARD",
    "HEARD_MASK",
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
]);

/// A lane's first words; the requests on their way come behind them.
pub(super) const LANE: Words = Words(&[
    "NEXT",
    "STATUS",
    "AT",
    "AT_HIGH",
    "NEXT_GAP",
    "ENDED",
    "ENDED_HIGH",
    "BASE",
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
    "SATURATED",
    "TOGETHER",
    "WAIT_SUM",
    "WAIT_SUM_HIGH",
    "SERVICE_SUM",
    "SERVICE_SUM_HIGH",
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
]);

/// Numbers that stand for words of the program.
pub(super) const CODES: [Words; 4] = [
    Words(&["KIND_INSTANT", "KIND_DELAY", "KIND_SERVE", "KIND_BATCH"]),
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
    let lists = [HEADER, NODE, EDGE, LANE, VISITS];
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
