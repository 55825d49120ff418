use super::contract::Conflict;
use crate::lock::Digest;
use crate::text::Span;

/// A reference of a node that cannot be used; rule MG111 puts it into words.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    /// The node, with the nodes that bring it in before it: `outer/inner`.
    pub(crate) node: String,
    /// Where the fault is.
    pub(crate) span: Span,
    /// What is wrong.
    pub(crate) problem: Problem,
}

/// What is wrong with a reference.
#[derive(Clone, Debug)]
pub(crate) enum Problem {
    /// It names nothing.
    Nameless,
    /// No document of the stream has this name; the names that there are.
    Unnamed(String, Vec<String>),
    /// It leads nowhere; why, as the end of a sentence.
    Lost(String),
    /// It refers to a file without a digest; the document's, where it is known.
    Unpinned(String, Option<Digest>),
    /// What it states is no digest; the document's, where it is known.
    NoDigest(String, Option<Digest>),
    /// The document has another digest than the one that is stated.
    OtherDigest {
        /// What is referred to, in words.
        target: String,
        /// What is stated.
        stated: String,
        /// The digest of what the document means.
        real: Digest,
    },
    /// It leads back to a graph that it is a part of; the names along the way, the last of which
    /// is the first again.
    Cycle(Vec<String>),
    /// It leads deeper than references are followed.
    Deep(usize),
    /// With what it brings in, the graph is too large; what there may be at most.
    Large(String),
    /// The node states a port that the graph does not have.
    Port {
        /// `inputs` or `outputs`.
        side: &'static str,
        /// The port.
        port: String,
        /// The graph's name.
        of: String,
        /// The ports that it has.
        names: Vec<String>,
    },
    /// Node and document say different things.
    Conflict(Conflict),
}
