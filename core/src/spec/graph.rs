//! `kind: ModelGraph`: the whole graph in one document.

use super::form::Form;
use super::payload::{Metric, Pooling, TypeExpr, TypeParams};
use super::placement::{Batch, Distribution, Placement, Service};
use super::primitive::{
    Any, ByNode, ByPort, ByRule, ByText, ByType, Condition, Endpoint, EngineName, GpuName, Image,
    Label, Map, ModelName, NodeName, PoolName, Positive, Text, Version,
};
use super::reader::{Reader, Shape};
use super::units::{Bytes, Cores, Count, Duration, Money, MoneyRate, Percent, Rate};
use crate::check::Severity;
use crate::text::Spanned;
use crate::yaml::{Node as Yaml, Value};

record! {
    /// A graph of models: what runs, what flows between, and what is promised.
    pub struct ModelGraph {
        /// The version of the format: `modelgraph/v1alpha1`.
        @required "apiVersion" api_version: Text,
        /// `ModelGraph`.
        @required "kind" kind: Text,
        /// Name, version and labels.
        "metadata" metadata: Metadata,
        /// The graph itself.
        @required "spec" spec: GraphSpec,
        /// Where the nodes stand on the canvas; never part of the digest.
        "layout" layout: Layout,
    }

    /// Name, version and labels of a graph.
    pub struct Metadata {
        /// An RFC 1035 label.
        @required "name" name: Label,
        /// A semantic version.
        "version" version: Version,
        /// What it is for.
        "description" description: Text,
        /// For selecting.
        "labels" labels: Map<ByText, Text>,
        /// For tools.
        "annotations" annotations: Map<ByText, Any>,
    }

    /// The graph itself.
    pub struct GraphSpec {
        /// Whether an orchestrator calls the nodes, or each node its successors.
        "execution" execution: Execution,
        /// What it is for; licences are held against it.
        "use" usage: Use,
        /// Payload types with a name, reusable on any port.
        "types" types: Map<ByType, TypeExpr>,
        /// What a request brings.
        "inputs" inputs: Map<ByPort, Port>,
        /// What a request gets.
        "outputs" outputs: Map<ByPort, Port>,
        /// The nodes.
        "nodes" nodes: Map<ByNode, Node>,
        /// What flows from where to where.
        "edges" edges: Vec<Spanned<Edge>>,
        /// What is promised to the callers.
        "objectives" objectives: Objectives,
        /// How requests arrive, and how long they are.
        "workload" workload: Workload,
        /// What must hold of the order of nodes.
        "policies" policies: Vec<Spanned<Policy>>,
        /// What there is to run on.
        "hardware" hardware: Hardware,
        /// Severities of rules for the whole graph.
        "checks" checks: Map<ByRule, CheckSetting>,
    }

    /// One step of the graph.
    pub struct Node {
        /// What it does; a role brings its ports.
        "role" role: Role,
        /// What it is for.
        "description" description: Text,
        /// What a foreign file called it.
        "externalName" external_name: Text,
        /// Whether the graph may not run without it; default true.
        "required" required: bool,
        /// What happens when it fails.
        "onFailure" on_failure: OnFailure,
        /// The ModelSpec or ModelGraph that describes it.
        "specRef" spec_ref: SpecRef,
        /// The model that it runs.
        "model" model: Model,
        /// How it cuts text into tokens.
        "tokenizer" tokenizer: Tokenizer,
        /// Its own limits.
        "limits" limits: Limits,
        /// How many tokens it takes and gives.
        "tokens" tokens: TokenUse,
        /// What a retriever searches.
        "index" index: Index,
        /// What it takes, replacing the role's.
        "inputs" inputs: Map<ByPort, Port>,
        /// What it gives, replacing the role's.
        "outputs" outputs: Map<ByPort, Port>,
        /// How long it takes, waiting included where `at` names a load.
        "latency" latency: Latency,
        /// How long it may take at most.
        "budget" budget: Duration,
        /// How long its own work takes.
        "service" service: Service,
        /// The program that serves it.
        "serving" serving: Serving,
        /// What it runs on.
        "placement" placement: Placement,
        /// Whether it is run by somebody else.
        "external" external: bool,
        /// `cache`: share of requests that it answers.
        "hitRate" hit_rate: Percent,
        /// `join`: for which branches it waits.
        "join" join: Join,
        /// `join`: whether branches that only it waits for stop once it has what it needs; default
        /// false.
        "cancel" cancel: bool,
        /// Severities of rules for this node.
        "checks" checks: Map<ByRule, CheckSetting>,
        /// For tools.
        "annotations" annotations: Map<ByText, Any>,
    }

    /// Where a node takes or gives values.
    pub struct Port + params: TypeParams {
        /// The payload type.
        "type" ty: TypeExpr,
        /// Whether it needs a value; default true.
        "required" required: bool,
        /// What a foreign file called it.
        "externalName" external_name: Text,
        /// How sensitive the value is.
        "dataClass" data_class: DataClass,
    }

    /// A connection.
    pub struct Edge {
        /// `node.port` or `inputs.name`; a control edge names a node.
        @required "from" from: Endpoint,
        /// `node.port` or `outputs.name`; a control edge names a node.
        @required "to" to: Endpoint,
        /// Its identity; default `from→to`.
        "id" id: Text,
        /// What it is there for.
        "role" role: EdgeRole,
        /// Whether its data may not be missing; default true.
        "required" required: bool,
        /// CEL over `output`, or `default`.
        "when" when: Condition,
        /// Share of requests that take it.
        "probability" probability: Percent,
        /// Share of a splitter's requests.
        "weight" weight: Percent,
        /// The most that the hop and the p95 of its end may take.
        "maxLatency" max_latency: Duration,
        /// After so long its value counts as missing.
        "timeout" timeout: Duration,
        /// Time on the wire; default 0.
        "hop" hop: Duration,
        /// Makes a cycle finite.
        "loop" repeat: Loop,
        /// Severities of rules for this edge.
        "checks" checks: Map<ByRule, CheckSetting>,
        /// For tools.
        "annotations" annotations: Map<ByText, Any>,
    }

    /// How a back edge ends.
    pub struct Loop {
        /// The most rounds.
        @required "maxIterations" max_iterations: Positive,
        /// CEL over `output`: whether there is another round; or a probability.
        "continue" again: Text,
    }

    /// A ModelSpec or ModelGraph of the same bundle.
    pub struct SpecRef {
        /// A file, relative to this one.
        "path" path: Text,
        /// A document of this stream or bundle.
        "name" name: Text,
        /// `sha256:` of what it means, as a lockfile has it.
        "digest" digest: Text,
    }

    /// A model and the facts that checks and estimates need.
    pub struct Model {
        /// As its hub writes it.
        "id" id: ModelName,
        /// A commit or tag.
        "revision" revision: Text,
        /// Where its files are.
        "uri" uri: Text,
        /// Its architecture's family.
        "family" family: Text,
        /// What it was trained for.
        "task" task: Text,
        /// What runs it.
        "framework" framework: Text,
        /// How its weights are stored.
        "precision" precision: Precision,
        /// How its KV cache is stored; default as the weights, at least 8 bits.
        "kvPrecision" kv_precision: Precision,
        /// Number of parameters.
        "parameters" parameters: Count,
        /// Parameters at work for one token, in a mixture of experts.
        "activeParameters" active_parameters: Count,
        /// Number of layers.
        "layers" layers: Positive,
        /// Number of attention heads.
        "heads" heads: Positive,
        /// Number of key and value heads.
        "kvHeads" kv_heads: Positive,
        /// Components of one head.
        "headDim" head_dim: Positive,
        /// Width of a hidden state.
        "hidden" hidden: Positive,
        /// Tokens that it can attend to.
        "contextTokens" context_tokens: Count,
        /// Its licence, by SPDX where there is one.
        "license" license: Text,
        /// How chat messages become a prompt.
        "chatTemplate" chat_template: Text,
    }

    /// How text becomes tokens.
    pub struct Tokenizer {
        /// Its id; equal ids are one tokenizer.
        "id" id: ModelName,
        /// SHA-256 of its file.
        "digest" digest: Text,
        /// Number of tokens that it knows.
        "vocabSize" vocab_size: Count,
        /// The most tokens that it takes.
        "maxInputTokens" max_input_tokens: Count,
        /// What happens to more.
        "overflow" overflow: Overflow,
    }

    /// A node's own limits.
    pub struct Limits {
        /// Prompt and answer together, as the server is configured.
        "maxModelLen" max_model_len: Count,
        /// The longest answer.
        "maxOutputTokens" max_output_tokens: Count,
        /// What the prompt's template adds.
        "promptTemplateTokens" prompt_template_tokens: Count,
    }

    /// How many tokens a node takes and gives.
    pub struct TokenUse {
        /// Tokens in.
        "input" input: Distribution,
        /// Tokens out.
        "output" output: Distribution,
    }

    /// What a retriever searches.
    pub struct Index {
        /// The model that embedded the documents.
        "embedder" embedder: ModelName,
        /// Its commit or tag.
        "revision" revision: Text,
        /// Tokens of one passage.
        "chunkTokens" chunk_tokens: Count,
        /// Tokens that neighbouring passages share.
        "chunkOverlap" chunk_overlap: Count,
        /// Number of passages.
        "documents" documents: Count,
        /// How vectors are compared.
        "metric" metric: Metric,
        /// How token vectors became one.
        "pooling" pooling: Pooling,
    }

    /// How long a node takes.
    pub struct Latency {
        /// Half are faster.
        "p50" p50: Duration,
        /// Nine of ten are faster.
        "p90" p90: Duration,
        /// 19 of 20 are faster.
        "p95" p95: Duration,
        /// 99 of 100 are faster.
        "p99" p99: Duration,
        /// Where the figures come from.
        "source" source: LatencySource,
        /// The load under which they hold.
        "at" at: LoadPoint,
    }

    /// The load under which a latency holds.
    pub struct LoadPoint {
        /// Requests.
        "rate" rate: Rate,
        /// Tokens in.
        "inputTokens" input_tokens: Count,
        /// Tokens out.
        "outputTokens" output_tokens: Count,
        /// Requests served together.
        "batch" batch: Positive,
    }

    /// The program that serves a node.
    pub struct Serving {
        /// Its name, such as `vllm`, `tei`, `triton`, `qdrant`.
        "engine" engine: EngineName,
        /// A container image.
        "image" image: Image,
        /// The image's digest.
        "digest" digest: Text,
        /// Where it listens.
        "port" port: Positive,
        /// What it speaks.
        "protocol" protocol: Protocol,
        /// How it is called.
        "api" api: Api,
        /// The path of a call.
        "path" path: Text,
        /// After so long a call has failed.
        "timeout" timeout: Duration,
        /// How failed calls are tried again.
        "retries" retries: Retries,
        /// Environment variables.
        "env" env: Map<ByText, Text>,
        /// Environment variables that come from secrets.
        "secrets" secrets: Map<ByText, SecretKey>,
        /// How its health is asked.
        "probes" probes: Probes,
    }

    /// How failed calls are tried again.
    pub struct Retries {
        /// Tries in all.
        @required "attempts" attempts: Positive,
        /// The most that one may take.
        "perTry" per_try: Duration,
    }

    /// A key of a secret.
    pub struct SecretKey {
        /// The secret's name.
        @required "name" name: Text,
        /// The key in it.
        @required "key" key: Text,
    }

    /// How a server's health is asked.
    pub struct Probes {
        /// Whether it can answer.
        "ready" ready: Probe,
        /// Whether it must be restarted.
        "live" live: Probe,
    }

    /// One way to ask.
    pub struct Probe {
        /// The path to get.
        "path" path: Text,
        /// The port, if not the serving one.
        "port" port: Positive,
        /// How often.
        "period" period: Duration,
        /// After so long no answer is one.
        "timeout" timeout: Duration,
        /// How long loading may take.
        "startup" startup: Duration,
    }

    /// What is promised to the callers.
    pub struct Objectives {
        /// From request to last byte.
        "latency" latency: Quantiles,
        /// From request to first token.
        "timeToFirstToken" time_to_first_token: Quantiles,
        /// Between tokens.
        "timePerOutputToken" time_per_output_token: Quantiles,
        /// Requests.
        "throughput" throughput: Rate,
        /// Share of time that it answers.
        "availability" availability: Percent,
        /// The most that it may cost.
        "cost" cost: MoneyRate,
        /// The most that a thousand requests may cost.
        "costPer1kRequests" cost_per_1k_requests: Money,
    }

    /// Times that shares of the requests must keep.
    pub struct Quantiles {
        /// Half.
        "p50" p50: Duration,
        /// Nine of ten.
        "p90" p90: Duration,
        /// 19 of 20.
        "p95" p95: Duration,
        /// 99 of 100.
        "p99" p99: Duration,
    }

    /// How requests arrive, and how long they are.
    pub struct Workload {
        /// When they arrive.
        "arrivals" arrivals: Arrivals,
        /// How many tokens each graph input holds.
        "tokens" tokens: Map<ByPort, Distribution>,
        /// How many requests are in the graph at once; those beyond wait before it.
        "maxInFlight" max_in_flight: Positive,
    }

    /// Arrivals without memory.
    pub struct Poisson {
        /// The mean rate.
        @required "rate" rate: Rate,
    }

    /// Arrivals in bursts.
    pub struct GammaArrivals {
        /// The mean rate.
        @required "rate" rate: Rate,
        /// Squared coefficient of variation of the gaps; 1 is Poisson.
        @required "cv2" cv2: f64,
    }

    /// Arrivals whose rate switches at random.
    pub struct Mmpp {
        /// The rates and how long each holds.
        @required "states" states: Vec<Spanned<MmppState>>,
    }

    /// One rate of switching arrivals.
    pub struct MmppState {
        /// The rate.
        @required "rate" rate: Rate,
        /// How long it holds on average.
        @required "meanHold" mean_hold: Duration,
    }

    /// Arrivals replayed from a file.
    pub struct Trace {
        /// The file, relative to this one.
        @required "path" path: Text,
    }

    /// A rate from some time on.
    pub struct ProfilePoint {
        /// From when.
        @required "at" at: Duration,
        /// The rate.
        @required "rate" rate: Rate,
    }

    /// Clients who wait for their answer before they ask again.
    pub struct Closed {
        /// Number of clients.
        @required "clients" clients: Positive,
        /// The pause between answer and question.
        "think" think: Duration,
    }

    /// One node's paths must go through another.
    pub struct Dominates {
        /// What must be passed.
        @required "node" node: Selector,
        /// Before what.
        @required "over" over: Selector,
    }

    /// What there is to run on.
    pub struct Hardware {
        /// Groups of equal machines.
        "pools" pools: Vec<Spanned<Pool>>,
    }

    /// A group of equal machines.
    pub struct Pool {
        /// Its name.
        @required "name" name: Text,
        /// Its GPU.
        "gpu" gpu: GpuName,
        /// Number of GPUs, or of machines without one.
        "count" count: Positive,
        /// Cores of one machine.
        "cpu" cpu: Cores,
        /// Memory of one machine.
        "memory" memory: Bytes,
        /// Where it stands.
        "zone" zone: Text,
        /// What one GPU, or machine without one, costs.
        "price" price: MoneyRate,
    }

    /// A rule's severity at one place.
    pub struct CheckSetting {
        /// How grave it is here.
        @required "severity" severity: Severity,
        /// Why.
        @required "reason" reason: Text,
    }

    /// Where the nodes stand on the canvas.
    pub struct Layout {
        /// The upper left corner of each node.
        "nodes" nodes: Map<ByNode, Point>,
        /// The upper left corner of each graph input.
        "inputs" inputs: Map<ByPort, Point>,
        /// The upper left corner of each graph output.
        "outputs" outputs: Map<ByPort, Point>,
    }

    /// A place on the canvas, in pixels at full size.
    pub struct Point {
        /// To the right.
        @required "x" x: f64,
        /// Down.
        @required "y" y: f64,
    }
}

words! {
    /// What a node does.
    pub enum Role {
        /// Stops what must not pass.
        "guardrail" Guardrail,
        /// Text to vector.
        "embedder" Embedder,
        /// Vector to candidates.
        "retriever" Retriever,
        /// Orders candidates.
        "reranker" Reranker,
        /// Prompt to text.
        "generator" Generator,
        /// Input to label.
        "classifier" Classifier,
        /// Picks a branch.
        "router" Router,
        /// Divides requests by weight.
        "splitter" Splitter,
        /// Waits for branches.
        "join" Join,
        /// Any step of your own.
        "transformer" Transformer,
        /// Converts one type to another.
        "adapter" Adapter,
        /// Finishes an answer.
        "postprocessor" Postprocessor,
        /// Calls the outside.
        "tool" Tool,
        /// Answers what it has seen.
        "cache" Cache,
        /// Brings no ports.
        "custom" Custom,
    }

    /// What an edge is there for.
    pub enum EdgeRole {
        /// Carries a value.
        "data" Data,
        /// Carries what a guardrail has passed.
        "safety" Safety,
        /// Carries what is to be ordered.
        "ranking" Ranking,
        /// Carries what a prompt is filled with.
        "context" Context,
        /// Says only that one node runs after another.
        "control" Control,
    }

    /// Who calls the nodes.
    pub enum Execution {
        /// An orchestrator calls each.
        "orchestrated" Orchestrated,
        /// Each calls its successors.
        "chained" Chained,
    }

    /// What a graph is for.
    pub enum Use {
        /// Sold, or part of what is sold.
        "commercial" Commercial,
        /// Within a firm.
        "internal" Internal,
        /// To learn from.
        "research" Research,
    }

    /// How sensitive a value is.
    pub enum DataClass {
        /// Anyone may see it.
        "public" Public,
        /// Within the house.
        "internal" Internal,
        /// For some within the house.
        "confidential" Confidential,
        /// About a person.
        "personal" Personal,
    }

    /// What happens to text that is too long.
    pub enum Overflow {
        /// It is refused.
        "error" Error,
        /// It is cut.
        "truncate" Truncate,
    }

    /// Where a latency comes from.
    pub enum LatencySource {
        /// Somebody said so.
        "declared" Declared,
        /// It was measured.
        "measured" Measured,
        /// It was simulated.
        "simulated" Simulated,
    }

    /// What a server speaks.
    pub enum Protocol {
        /// HTTP.
        "http" Http,
        /// gRPC.
        "grpc" Grpc,
    }

    /// How a server is called.
    pub enum Api {
        /// OpenAI chat completions.
        "openai-chat" OpenaiChat,
        /// OpenAI completions.
        "openai-completions" OpenaiCompletions,
        /// OpenAI embeddings.
        "openai-embeddings" OpenaiEmbeddings,
        /// Text Embeddings Inference, embed.
        "tei-embed" TeiEmbed,
        /// Text Embeddings Inference, rerank.
        "tei-rerank" TeiRerank,
        /// Qdrant query.
        "qdrant-query" QdrantQuery,
        /// The Open Inference Protocol.
        "kserve-v2" KserveV2,
        /// JSON over HTTP.
        "http-json" HttpJson,
    }

    /// How a number of a model is stored.
    pub enum Precision {
        /// 4 bytes.
        "fp32" Fp32,
        /// 2 bytes.
        "bf16" Bf16,
        /// 2 bytes.
        "fp16" Fp16,
        /// 1 byte.
        "fp8" Fp8,
        /// 1 byte.
        "int8" Int8,
        /// Half a byte.
        "fp4" Fp4,
        /// Half a byte.
        "int4" Int4,
    }
}

choice! {
    /// What happens when a node fails.
    pub enum OnFailure {
        /// The request fails.
        "stop" Stop,
        /// The request goes on without it.
        "skip" Skip,
        /// Another node takes its place.
        "fallback" Fallback(NodeName),
    }

    /// For which branches a join waits.
    pub enum Join {
        /// For all.
        "all" All,
        /// For the first.
        "any" Any,
        /// For so many.
        "quorum" Quorum(Positive),
    }

    /// When requests arrive.
    pub enum Arrivals {
        /// Without memory.
        "poisson" Poisson(Poisson),
        /// In bursts.
        "gamma" Gamma(GammaArrivals),
        /// At rates that switch at random.
        "mmpp" Mmpp(Mmpp),
        /// As a file says.
        "trace" Trace(Trace),
        /// At rates that change with time.
        "profile" Profile(Vec<Spanned<ProfilePoint>>),
        /// From clients who wait for their answer.
        "closed" Closed(Closed),
    }

    /// What must hold of the order of nodes.
    pub enum Policy {
        /// Each path to one node goes through another.
        "dominates" Dominates(Dominates),
        /// The first stands before the second, and so on.
        "order" Order(Vec<Spanned<Selector>>),
    }
}

/// Which nodes: one by its name, or all of a role.
#[derive(Clone, Debug, PartialEq)]
pub enum Selector {
    /// One.
    Name(Spanned<String>),
    /// All of a role.
    Role(Spanned<Role>),
}

record! {
    /// All nodes of a role.
    pub struct ByRole {
        /// The role.
        @required "role" role: Role,
    }
}

impl Shape for Selector {
    fn form() -> Form {
        Form::Either(NodeName::form, ByRole::form)
    }

    fn read(node: &Yaml, reader: &mut Reader) -> Option<Self> {
        if matches!(node.value, Value::Scalar(_)) {
            let name = NodeName::read(node, reader)?;
            return Some(Self::Name(Spanned::new(name.0, node.span)));
        }
        ByRole::read(node, reader)?.role.map(Self::Role)
    }

    fn canonical(&self) -> serde_json::Value {
        match self {
            Self::Name(name) => serde_json::json!(name.value),
            Self::Role(role) => serde_json::json!({"role": role.word()}),
        }
    }
}

impl Precision {
    /// Bits of one number.
    pub const fn bits(self) -> u64 {
        match self {
            Self::Fp32 => 32,
            Self::Bf16 | Self::Fp16 => 16,
            Self::Fp8 | Self::Int8 => 8,
            Self::Fp4 | Self::Int4 => 4,
        }
    }
}

impl Node {
    /// Whether the graph may not run without it.
    pub fn is_required(&self) -> bool {
        self.required.is_none_or(|required| required.value)
    }

    /// How requests are batched, where stated.
    pub fn batch(&self) -> Option<&Batch> {
        Some(&self.placement.as_ref()?.batch.as_ref()?.value)
    }
}

impl Port {
    /// Whether it needs a value.
    pub fn is_required(&self) -> bool {
        self.required.is_none_or(|required| required.value)
    }
}

/// A pool that a placement may name.
pub type PoolRef = PoolName;
