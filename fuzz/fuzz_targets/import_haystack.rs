//! Haystack pipelines: any change to sound ones is read or refused.
#![no_main]

mod imports;

use libfuzzer_sys::fuzz_target;

const SEED: &str = r#"components:
  embed:
    type: haystack.components.embedders.sentence_transformers_text_embedder.SentenceTransformersTextEmbedder
    init_parameters: {model: BAAI/bge-small-en-v1.5}
  find:
    type: haystack_integrations.components.retrievers.qdrant.retriever.QdrantEmbeddingRetriever
    init_parameters: {top_k: 8, document_store: {init_parameters: {url: 'http://qdrant:6333'}}}
  rank:
    type: haystack.components.rankers.transformers_similarity.TransformersSimilarityRanker
    init_parameters: {model: BAAI/bge-reranker-base, top_k: 3}
connections:
  - {sender: embed.embedding, receiver: find.query_embedding}
  - {sender: find.documents, receiver: rank.documents}
inputs: {query: [embed.text, rank.query]}
outputs: {documents: rank.documents}
max_runs_per_component: 100
"#;

fuzz_target!(|input: imports::Input| {
    imports::check("haystack", &input, &[("search.yml", SEED)]);
});
