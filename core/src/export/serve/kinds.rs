//! What the exports tell of: a module for each program, in its own codes.

use crate::export::Kind;

/// The kinds of one program.
#[derive(Debug)]
pub(super) struct Kinds {
    // Losses.
    pub(super) other: &'static Kind,
    pub(super) graph: &'static Kind,
    pub(super) model: &'static Kind,
    pub(super) batch: &'static Kind,
    pub(super) heads: &'static Kind,
    pub(super) argument: &'static Kind,
    pub(super) variable: &'static Kind,
    pub(super) word: &'static Kind,
    // Assumptions.
    pub(super) engine: &'static Kind,
    pub(super) port: &'static Kind,
    pub(super) image: &'static Kind,
    pub(super) secrets: &'static Kind,
}

macro_rules! program_kinds {
    ($module:ident $prefix:literal $( $how:ident $name:ident $code:literal $title:literal )*) => {
        pub(super) mod $module {
            crate::export::kinds::kinds! {
                $prefix;
                $( $how $name $code $title; )*
                told OTHER "OTHER" "Nodes that another program serves";
                told GRAPH "GRAPH" "The graph, which a server knows nothing of";
                told MODEL "MODEL" "Nodes without a model to load";
                stopping BATCH "BATCH" "Batches that the program refuses";
                stopping HEADS "HEADS" "Attention heads that the GPUs do not share evenly";
                told ARGUMENT "ARGUMENT" "What the program has no argument for";
                told VARIABLE "VARIABLE" "Variables that a shell does not take";
                told WORD "WORD" "What a server is not told";
                told ENGINE "ENGINE" "Serving programs";
                told PORT "PORT" "Ports";
                told IMAGE "IMAGE" "Images";
                told SECRETS "SECRETS" "Where secrets come from";
            }

            pub(in crate::export::serve) static KINDS: super::Kinds = super::Kinds {
                other: &OTHER,
                graph: &GRAPH,
                model: &MODEL,
                batch: &BATCH,
                heads: &HEADS,
                argument: &ARGUMENT,
                variable: &VARIABLE,
                word: &WORD,
                engine: &ENGINE,
                port: &PORT,
                image: &IMAGE,
                secrets: &SECRETS,
            };
        }
    };
}

program_kinds!(vllm "TG-VLLM-");
program_kinds!(tei "TG-TEI-");
program_kinds!(tgi "TG-TGI-" told MAINTENANCE "MAINTENANCE" "A program that gains nothing new");
