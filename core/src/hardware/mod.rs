//! GPUs as they are sold, and what a model needs of their memory.

mod catalogue;
mod memory;
mod names;

pub use catalogue::{AllReduce, Catalogue, Efficiency, Gpu, Vendor};
pub use memory::{
    ACTIVATIONS, KV_BLOCK_TOKENS, MemoryFit, kv_bytes_per_token, memory_of, slice, slice_memory,
    usable_memory, weight_bytes,
};
pub use names::LookupError;
