//! The catalogue as a page of the documentation.

use core::fmt::Write as _;

use super::{Catalogue, ENGINES, Model};

/// The catalogue in Markdown: every fact with its source and date.
pub fn page(catalogue: &Catalogue) -> String {
    let mut page = String::from(
        "# The catalogue\n\n\
         What completion, forms and `modelspec fill` know without being told. Your own knowledge goes \
         into a document of `kind: Catalogue`; see the end of this page.\n\n## Models\n",
    );
    for model in catalogue.models() {
        write_model(&mut page, model);
    }
    page.push_str(
        "\n## Serving programs\n\nAll figures hold for the image's tag, which is their date.\n\n\
         | name | image | port | ready | called by | source |\n|---|---|---|---|---|---|\n",
    );
    for engine in ENGINES {
        let apis: Vec<&str> = engine.apis.iter().map(|api| api.word()).collect();
        let _ = writeln!(
            page,
            "| `{}` | `{}` | {} | `{}` | {} | <{}> |",
            engine.name,
            engine.default_image(),
            engine.port,
            engine.ready,
            apis.join(", "),
            engine.source
        );
    }
    page.push_str(
        "\n## GPUs\n\n| name | memory | bandwidth, GB/s | bf16, TFLOPS | source | price | price from |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for gpu in catalogue.gpus().gpus() {
        let price = gpu.price.map(|price| price.to_string());
        let _ = writeln!(
            page,
            "| `{}` | {:.1} GB | {} | {} | {} | {} | {} |",
            gpu.name,
            gpu.memory.0 as f64 / 1e9,
            gpu.bandwidth_gb_s,
            gpu.bf16_tflops,
            gpu.source,
            price.unwrap_or_default(),
            gpu.price_source.as_deref().unwrap_or_default(),
        );
    }
    page.push_str(OWN);
    page
}

fn write_model(page: &mut String, model: &Model) {
    let _ = write!(
        page,
        "\n### {}\n\n| fact | value | source | entered |\n|---|---|---|---|\n",
        model.id
    );
    for fact in &model.facts {
        let (key, value) = (fact.key(), fact.written());
        let (source, date) = (&fact.source, &fact.date);
        let _ = writeln!(page, "| `{key}` | `{value}` | <{source}> | {date} |");
    }
    let mut told: Vec<&str> = Vec::new();
    for note in model.facts.iter().filter_map(|fact| fact.note.as_deref()) {
        if !told.contains(&note) {
            told.push(note);
            let _ = write!(page, "\n{note}\n");
        }
    }
}

const OWN: &str = "
## Your own

A document of `kind: Catalogue` adds models, GPUs and serving programs, or corrects what stands here.
The command line takes `modelspec.catalogue.yaml` beside the document, or `--catalogue FILE`.

```yaml
apiVersion: modelgraph/v1alpha1
kind: Catalogue
models:
  acme/embedder-2:
    - source: the training log of release 2
      date: \"2026-03-01\"
      node:
        role: embedder
        model: {hidden: 1024, precision: bf16}
        tokenizer: {maxInputTokens: 512}
        outputs: {vector: {dim: 1024}}
gpus:
  ACME-96GB:
    source: the maker's data sheet
    date: \"2026-03-01\"
    memory: 96GiB
    bandwidthGBs: 1800
    bf16Tflops: 400
engines:
  acme-serve: {source: our registry, date: \"2026-03-01\", image: 'registry.example/acme/serve:2'}
```

What a node states as facts of a model is written as the node would state it. Each list item is one
source; of two that state the same, the first counts.
";
