//! The programs that serve models and indexes: their images, ports and probes.

use crate::spec::Api;

/// What is known of a serving program.
#[derive(Debug, PartialEq, Eq)]
pub struct Engine {
    /// Its name in `serving.engine`.
    pub name: &'static str,
    /// What else it is called.
    pub aliases: &'static [&'static str],
    /// Its image without the tag.
    pub repository: &'static str,
    /// The tag that is taken where no image is stated.
    pub tag: &'static str,
    /// Where it listens unless told otherwise; from 1024 on, so that no root is needed.
    pub port: u32,
    /// The path that answers once the model is loaded.
    pub ready: &'static str,
    /// The path that answers while it lives.
    pub live: &'static str,
    /// How it is called.
    pub apis: &'static [Api],
    /// Who states all this; it holds for the tag above.
    pub source: &'static str,
    /// Where it keeps what must outlive a pod.
    pub data: Option<&'static str>,
    /// Its count of waiting requests, as a metrics adapter serves it, and the count that calls for
    /// another replica.
    pub queue: Option<(&'static str, u32)>,
}

impl Engine {
    /// The image that is taken where none is stated and nothing more is known.
    pub fn default_image(&self) -> String {
        format!("{}:{}", self.repository, self.tag)
    }
}

/// The programs that are known, as the projects' own documentation gives them.
pub static ENGINES: &[Engine] = &[
    Engine {
        name: "vllm",
        aliases: &[],
        apis: &[
            Api::OpenaiChat,
            Api::OpenaiCompletions,
            Api::OpenaiEmbeddings,
        ],
        source: "https://docs.vllm.ai/",
        repository: "vllm/vllm-openai",
        tag: "v0.19.0",
        port: 8000,
        ready: "/health",
        live: "/health",
        data: None,
        queue: Some(("vllm_num_requests_waiting", 4)),
    },
    Engine {
        name: "tei",
        aliases: &["text-embeddings-inference"],
        apis: &[Api::TeiEmbed, Api::TeiRerank, Api::OpenaiEmbeddings],
        source: "https://huggingface.co/docs/text-embeddings-inference/quick_tour",
        repository: "ghcr.io/huggingface/text-embeddings-inference",
        tag: "1.9",
        port: 8080,
        ready: "/health",
        live: "/health",
        data: None,
        queue: Some(("te_queue_size", 16)),
    },
    Engine {
        name: "tgi",
        aliases: &["text-generation-inference"],
        apis: &[Api::OpenaiChat],
        source: "https://github.com/huggingface/text-generation-inference",
        repository: "ghcr.io/huggingface/text-generation-inference",
        tag: "3.3.4",
        port: 8080,
        ready: "/health",
        live: "/health",
        data: None,
        queue: Some(("tgi_queue_size", 4)),
    },
    Engine {
        name: "triton",
        aliases: &["tritonserver"],
        apis: &[Api::KserveV2],
        source: "https://github.com/triton-inference-server/server",
        repository: "nvcr.io/nvidia/tritonserver",
        tag: "25.06-py3",
        port: 8000,
        ready: "/v2/health/ready",
        live: "/v2/health/live",
        data: None,
        queue: Some(("nv_inference_pending_request_count", 8)),
    },
    Engine {
        name: "qdrant",
        aliases: &[],
        apis: &[Api::QdrantQuery],
        source: "https://api.qdrant.tech/api-reference/service/readyz",
        repository: "qdrant/qdrant",
        tag: "v1.15.0",
        port: 6333,
        ready: "/readyz",
        live: "/livez",
        data: Some("/qdrant/storage"),
        queue: None,
    },
];
