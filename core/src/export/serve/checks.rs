//! What the programs refuse when they start.

use super::Cx;
use crate::spec::{self, Batch};

impl Cx<'_, '_> {
    /// Tells of what the program would not start with.
    pub(super) fn check(&mut self, name: &str, node: &spec::Node) {
        if self.program.engine == "vllm" {
            self.check_batch(name, node);
        }
        if self.program.engine != "tei" {
            self.check_heads(name, node);
        }
    }

    /// Each sequence of a batch takes at least one of its tokens.
    fn check_batch(&mut self, name: &str, node: &spec::Node) {
        let placement = node.placement.as_ref();
        let batch = placement.and_then(|placement| placement.batch.as_ref());
        let Some(Batch::Continuous(batch)) = batch.map(|batch| &batch.value) else {
            return;
        };
        let (Some(sequences), Some(tokens)) = (batch.max_sequences, batch.max_batched_tokens)
        else {
            return;
        };
        let (most, sequences) = (tokens.value.0, sequences.value.0);
        if most < sequences {
            let message = format!(
                "`{name}` batches {sequences} sequences in {most} tokens, and {} starts only with \
                 a token for each",
                self.program.title
            );
            let kind = self.program.kinds.batch;
            self.artifacts.lose(kind, Some(name), tokens.span, message);
        }
    }

    /// Each GPU of a replica computes as many heads as the others.
    fn check_heads(&mut self, name: &str, node: &spec::Node) {
        let heads = node.model.as_ref().and_then(|model| model.heads);
        let placement = node.placement.as_ref();
        let gpus = placement.and_then(|placement| placement.gpus_per_replica);
        let (Some(heads), Some(gpus)) = (heads, gpus) else {
            return;
        };
        let (heads, count) = (heads.value.0, gpus.value.0);
        if heads.checked_rem(count) != Some(0) {
            let message = format!(
                "{count} GPUs do not share the {heads} attention heads of `{name}` evenly, and {} \
                 does not start so",
                self.program.title
            );
            let kind = self.program.kinds.heads;
            self.artifacts.lose(kind, Some(name), gpus.span, message);
        }
    }
}
