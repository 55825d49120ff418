//! What the export tells of.

use crate::export::kinds::kinds;

kinds! {
    "TG-TRITON-";
    // Losses.
    stopping BRANCH "BRANCH" "Branches, conditions and loops, which no ensemble has";
    stopping CONTROL "CONTROL" "Order without a value, which no ensemble keeps";
    stopping GUARD "GUARD" "Guardrails that an ensemble does not heed";
    stopping UNUSED "UNUSED" "Nodes that no request reaches";
    stopping UNMAPPED "UNMAPPED" "Values that no tensor carries";
    told UNREAD "UNREAD" "Inputs of the graph that nothing reads";
    told NAME "NAME" "Tensors that are named otherwise";
    told FAILURE "FAILURE" "Failures that the graph would survive";
    told BATCH "BATCH" "How requests are batched";
    told WORD "WORD" "What Triton has no word for";
    // Assumptions.
    told BACKEND "BACKEND" "What runs a model";
    told TENSOR "TENSOR" "How a value becomes a tensor";
    told FILES "FILES" "The files of the models";
}
