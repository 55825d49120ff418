//! Service time and placement of a node.

use super::primitive::{GpuName, NodeName, PoolName, Positive, Slowdown};
use super::replicas::Replicas;
use super::units::{Bytes, Cores, Count, Duration, FineDuration, Percent};
use crate::spec::Ratio;
use crate::text::Spanned;

record! {
    /// A memoryless time.
    pub struct ExponentialTime {
        /// Its mean.
        @required "mean" mean: Duration,
    }

    /// A skewed time, from mean and variation or from two percentiles.
    pub struct LognormalTime {
        /// Its mean.
        "mean" mean: Duration,
        /// Standard deviation over mean.
        "cv" cv: f64,
        /// Half are faster.
        "p50" p50: Duration,
        /// 19 of 20 are faster.
        "p95" p95: Duration,
    }

    /// A time with a shape between fixed and skewed.
    pub struct GammaTime {
        /// Its mean.
        @required "mean" mean: Duration,
        /// Standard deviation over mean.
        @required "cv" cv: f64,
    }

    /// The time of a batch.
    pub struct BatchTime {
        /// Of an empty one.
        @required "base" base: Duration,
        /// For each request in it.
        @required "perItem" per_item: Duration,
    }

    /// The time of a batch of one size.
    pub struct TimePoint {
        /// Requests in it.
        @required "batch" batch: Positive,
        /// How long it takes.
        @required "time" time: Duration,
    }

    /// The time of one step of continuous batching.
    pub struct ContinuousTime {
        /// Of an empty step.
        @required "step" step: Duration,
        /// For each token of the step.
        @required "perToken" per_token: Duration,
        /// For each token of context of the sequences in the step.
        "perContextToken" per_context_token: FineDuration,
        /// For each product of prefilled token and context before it.
        "perPrefillSquared" per_prefill_squared: FineDuration,
    }

    /// A number from mean and variation.
    pub struct LognormalCount {
        /// Its mean.
        @required "mean" mean: Count,
        /// Standard deviation over mean.
        @required "cv" cv: f64,
    }

    /// What a node runs on.
    pub struct Placement {
        /// The GPU of each replica.
        "gpu" gpu: GpuName,
        /// GPUs of one replica: the tensor parallel degree.
        "gpusPerReplica" gpus_per_replica: Positive,
        /// Cores of one replica.
        "cpu" cpu: Cores,
        /// Memory of one replica.
        "memory" memory: Bytes,
        /// How many replicas.
        "replicas" replicas: Replicas,
        /// Requests that one replica serves at once.
        "concurrency" concurrency: Positive,
        /// How requests find a replica.
        "routing" routing: Routing,
        /// Whether requests are served together.
        "batch" batch: Batch,
        /// Whether the GPU is shared.
        "share" share: Share,
        /// Requests that may wait.
        "queueLimit" queue_limit: Count,
        /// The machines to use.
        "pool" pool: PoolName,
        /// Nodes that must stand beside it.
        "coLocate" co_locate: Vec<Spanned<NodeName>>,
    }

    /// A batch gathered from waiting requests.
    pub struct DynamicBatch {
        /// The most requests.
        @required "maxSize" max_size: Positive,
        /// How long the first may wait for others.
        "maxDelay" max_delay: Duration,
    }

    /// A batch that requests join and leave at each step.
    pub struct ContinuousBatch {
        /// The most sequences.
        @required "maxSequences" max_sequences: Positive,
        /// The most tokens of a step.
        "maxBatchedTokens" max_batched_tokens: Positive,
        /// Tokens that the KV cache holds; else from the GPU's memory.
        "kvTokens" kv_tokens: Count,
        /// Prompts that begin alike.
        "prefixCache" prefix_cache: PrefixCache,
    }

    /// Prompts that begin alike.
    pub struct PrefixCache {
        /// Tokens that they share.
        @required "sharedTokens" shared_tokens: Count,
        /// Share of requests that find them cached.
        @required "hitRate" hit_rate: Percent,
    }

    /// A static part of a GPU.
    pub struct Mig {
        /// Which part.
        @required "fraction" fraction: Ratio,
    }

    /// A GPU shared by processes at once.
    pub struct Mps {
        /// The nodes that share it.
        @required "with" with: Vec<Spanned<NodeName>>,
        /// How much slower each gets.
        @required "slowdown" slowdown: Slowdown,
    }

    /// A GPU shared in turns.
    pub struct TimeSlice {
        /// The nodes that share it.
        @required "with" with: Vec<Spanned<NodeName>>,
        /// Of the nodes that are busy only those of the highest priority work; 0 unless stated.
        "priority" priority: u32,
    }
}

choice! {
    /// How long a node's own work takes.
    pub enum Service {
        /// Always the same.
        "fixed" Fixed(Duration),
        /// Memoryless.
        "exponential" Exponential(ExponentialTime),
        /// Skewed.
        "lognormal" Lognormal(LognormalTime),
        /// Between fixed and skewed.
        "gamma" Gamma(GammaTime),
        /// One of these, each as likely.
        "empirical" Empirical(Vec<Spanned<Duration>>),
        /// A line over the batch size.
        "batch" Batch(BatchTime),
        /// Points over the batch size.
        "points" Points(Vec<Spanned<TimePoint>>),
        /// Steps of continuous batching.
        "continuous" Continuous(ContinuousTime),
    }

    /// A number that varies.
    pub enum Distribution {
        /// Always the same.
        "fixed" Fixed(Count),
        /// Skewed.
        "lognormal" Lognormal(LognormalCount),
        /// One of these, each as likely.
        "empirical" Empirical(Vec<Spanned<Count>>),
    }

    /// Whether requests are served together.
    pub enum Batch {
        /// One by one.
        "none" None,
        /// Gathered from waiting requests.
        "dynamic" Dynamic(DynamicBatch),
        /// Joined and left at each step.
        "continuous" Continuous(ContinuousBatch),
    }

    /// How a GPU is shared.
    pub enum Share {
        /// A static part of it.
        "mig" Mig(Mig),
        /// By processes at once.
        "mps" Mps(Mps),
        /// In turns.
        "timeSlice" TimeSlice(TimeSlice),
    }
}

words! {
    /// How requests find a replica.
    pub enum Routing {
        /// From one queue.
        "central" Central,
        /// To the one with the least requests.
        "leastLoaded" LeastLoaded,
        /// In turn.
        "roundRobin" RoundRobin,
        /// At random.
        "random" Random,
        /// To the lesser of two at random.
        "powerOfTwo" PowerOfTwo,
    }
}
