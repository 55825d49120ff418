//! The classes of a difference, and the kinds of difference with their class.

words! {
    /// What a difference asks of those who run the graph; the worst is the greatest.
    pub enum Class {
        /// Nothing: no request notices.
        "cosmetic" Cosmetic,
        /// Other machines, or others in number.
        "placement" Placement,
        /// Another promise, or another load.
        "slo" Slo,
        /// Other answers.
        "semantic" Semantic,
        /// Stored vectors are invalid until the index is built anew.
        "reindex" Reindex,
        /// Two sides of a connection must change together.
        "wire" Wire,
    }
}

/// One kind of difference.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its id, stable for ever: `DF-DIMENSION`.
    pub id: &'static str,
    /// Its class.
    pub class: Class,
    /// What it means, in one sentence without a full stop.
    pub title: &'static str,
}

macro_rules! kinds {
    ($( $name:ident $id:literal $class:ident $title:literal; )*) => {
        $( pub(super) static $name: Kind = Kind {
            id: $id,
            class: Class::$class,
            title: $title,
        }; )*

        /// All kinds of difference, the worst first.
        pub static KINDS: &[&Kind] = &[ $( &$name ),* ];
    };
}

kinds! {
    PAYLOAD "DF-KIND" Wire "another kind of value flows: both ends must change together";
    DIMENSION "DF-DIMENSION" Wire "vectors or tensors have other dimensions: whoever stores or takes them refuses them";
    DTYPE "DF-DTYPE" Wire "numbers are stored in another way: whoever reads them as before reads other numbers";
    FORMAT "DF-FORMAT" Wire "the value is written in another way: whoever reads it must change too";
    TOKENS "DF-TOKENIZER" Wire "tokens of another tokenizer flow: the same numbers mean other words";
    CALL "DF-CALL" Wire "the node is called in another way: its callers must change too";
    INPUT_ADDED "DF-INPUT-ADDED" Wire "a value is needed that nobody sent before";
    INPUT_REQUIRED "DF-INPUT-REQUIRED" Wire "a value that could be left out is needed now";
    OUTPUT_OPTIONAL "DF-OUTPUT-OPTIONAL" Wire "a value that always came may be missing now";
    PORT_REMOVED "DF-PORT-REMOVED" Wire "whoever fed the port or read it finds it gone";
    NODE_REMOVED "DF-NODE-REMOVED" Wire "its ports are gone with it: whoever called it finds nothing";
    EMBEDDER "DF-EMBEDDER" Reindex "vectors come from another model or revision: those that are stored are invalid";
    SPACE "DF-SPACE" Reindex "vectors lie in another space: those that are stored are invalid";
    METRIC "DF-METRIC" Reindex "vectors are compared in another way than the index was built for";
    POOLING "DF-POOLING" Reindex "token vectors become one in another way: vectors that are stored are invalid";
    INDEX "DF-INDEX" Reindex "the index is made in another way: it has to be built anew";
    GUARD "DF-GUARD" Semantic "what is let through, or what guards it, is another";
    MODEL "DF-MODEL" Semantic "another model answers";
    REVISION "DF-REVISION" Semantic "another revision of the model answers";
    TEMPLATE "DF-TEMPLATE" Semantic "the prompt is built in another way";
    SCORE "DF-SCORE" Semantic "candidates are scored or ordered in another way";
    BOUND "DF-BOUND" Semantic "more or fewer items or tokens pass";
    STATED "DF-STATED" Semantic "a contract is newly stated, or left open";
    CONTRACT "DF-CONTRACT" Semantic "the node promises something else";
    SERVER "DF-SERVER" Semantic "another program serves the node, or one with other settings";
    FAILURE "DF-FAILURE" Semantic "a failure has other consequences";
    ROUTE "DF-ROUTE" Semantic "requests take other ways";
    CHECKS "DF-CHECKS" Semantic "rules are set to another severity";
    PORT_ADDED "DF-PORT-ADDED" Semantic "a port is new; nobody must use it";
    PORT_RELAXED "DF-PORT-RELAXED" Semantic "a port asks for less, or gives more surely";
    NODE_ADDED "DF-NODE-ADDED" Semantic "a node is new";
    EDGE_REMOVED "DF-EDGE-REMOVED" Semantic "a value flows no longer";
    EDGE_ADDED "DF-EDGE-ADDED" Semantic "a value flows anew";
    OBJECTIVE "DF-OBJECTIVE" Slo "another promise is made to callers";
    LATENCY "DF-LATENCY" Slo "a time, a budget or a timeout is another";
    WORKLOAD "DF-WORKLOAD" Slo "another load is expected";
    PLACEMENT "DF-PLACEMENT" Placement "it runs on other machines, or on more or fewer";
    HARDWARE "DF-HARDWARE" Placement "there are other machines to run on";
    RENAMED "DF-RENAMED" Cosmetic "only the name is another";
    WORDS "DF-WORDS" Cosmetic "only words for people and tools are others";
    LAYOUT "DF-LAYOUT" Cosmetic "only the drawing is another";
    SAME "DF-SAME" Cosmetic "it is stated in another way and comes to the same";
}

/// The kind of a change below a path, by the first line whose path begins it.
type Table = &'static [(&'static str, &'static Kind)];

const NODE: Table = &[
    ("role", &CONTRACT),
    ("required", &FAILURE),
    ("onFailure", &FAILURE),
    ("join", &ROUTE),
    ("cancel", &WORKLOAD),
    ("model.revision", &REVISION),
    ("model.chatTemplate", &TEMPLATE),
    ("model.parameters", &PLACEMENT),
    ("model.activeParameters", &PLACEMENT),
    ("model.layers", &PLACEMENT),
    ("model.heads", &PLACEMENT),
    ("model.kvHeads", &PLACEMENT),
    ("model.headDim", &PLACEMENT),
    ("model.hidden", &PLACEMENT),
    ("model", &MODEL),
    ("tokenizer.maxInputTokens", &BOUND),
    ("tokenizer.overflow", &BOUND),
    ("tokenizer", &MODEL),
    ("limits.promptTemplateTokens", &TEMPLATE),
    ("limits", &BOUND),
    ("tokens", &WORKLOAD),
    ("hitRate", &WORKLOAD),
    ("index.documents", &PLACEMENT),
    ("index.metric", &METRIC),
    ("index.pooling", &POOLING),
    ("index", &INDEX),
    ("latency", &LATENCY),
    ("budget", &LATENCY),
    ("service", &LATENCY),
    ("serving.port", &CALL),
    ("serving.protocol", &CALL),
    ("serving.api", &CALL),
    ("serving.path", &CALL),
    ("serving.timeout", &LATENCY),
    ("serving.retries", &LATENCY),
    ("serving.probes", &PLACEMENT),
    ("serving", &SERVER),
    ("placement", &PLACEMENT),
    ("checks", &CHECKS),
];

/// What of an embedder makes its vectors others.
const VECTORS: &[&str] = &[
    "model.id",
    "model.revision",
    "tokenizer.id",
    "tokenizer.digest",
    "tokenizer.vocabSize",
];

const EDGE: Table = &[
    ("maxLatency", &LATENCY),
    ("timeout", &LATENCY),
    ("hop", &LATENCY),
    ("checks", &CHECKS),
];

const GRAPH: Table = &[
    ("objectives", &OBJECTIVE),
    ("workload", &WORKLOAD),
    ("policies", &GUARD),
    ("hardware", &HARDWARE),
    ("checks", &CHECKS),
];

const PARAMS: Table = &[
    ("dim", &DIMENSION),
    ("shape", &DIMENSION),
    ("width", &DIMENSION),
    ("height", &DIMENSION),
    ("dtype", &DTYPE),
    ("sparse", &DTYPE),
    ("tokenizer", &TOKENS),
    ("space", &SPACE),
    ("pooling", &POOLING),
    ("metric", &METRIC),
    ("normalized", &METRIC),
    ("score", &SCORE),
    ("maxItems", &BOUND),
    ("maxTokens", &BOUND),
    ("classes", &CONTRACT),
];

/// What of a node matters for what a change of it means.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Traits {
    /// It makes vectors.
    pub(super) embeds: bool,
    /// It lets pass or stops.
    pub(super) guards: bool,
    /// Token ids cross its ports.
    pub(super) tokens: bool,
}

fn find(table: Table, path: &str) -> Option<&'static Kind> {
    let begins = |prefix: &str| {
        let rest = path.strip_prefix(prefix);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    table
        .iter()
        .find(|(prefix, _)| begins(prefix))
        .map(|&(_, kind)| kind)
}

/// The kind of a change of a node at a dotted path below it.
pub(super) fn of_node(path: &str, traits: Traits) -> &'static Kind {
    let makes_vectors = VECTORS.contains(&path);
    if traits.tokens && makes_vectors && path.starts_with("tokenizer.") {
        return &TOKENS;
    }
    if traits.embeds && makes_vectors {
        return &EMBEDDER;
    }
    let kind = find(NODE, path).unwrap_or(&CONTRACT);
    let policy = kind.class == Class::Semantic && *kind != CHECKS;
    if traits.guards && policy {
        &GUARD
    } else {
        kind
    }
}

/// The kind of a change of an edge.
pub(super) fn of_edge(path: &str) -> &'static Kind {
    find(EDGE, path).unwrap_or(&ROUTE)
}

/// The kind of a change of `spec`.
pub(super) fn of_graph(path: &str) -> &'static Kind {
    find(GRAPH, path).unwrap_or(&ROUTE)
}

/// The kind of a change of a payload type's parameter.
pub(super) fn of_param(path: &str) -> &'static Kind {
    find(PARAMS, path).unwrap_or(&FORMAT)
}
