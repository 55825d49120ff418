//! Argo workflows: any change to sound ones is read or refused.
#![no_main]

mod imports;

use libfuzzer_sys::fuzz_target;

const SEED: &str = r#"apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: evaluate-}
spec:
  entrypoint: main
  templates:
    - name: main
      dag:
        tasks:
          - {name: load, template: run}
          - name: embed
            template: run
            dependencies: [load]
            arguments:
              artifacts: [{name: texts, from: '{{tasks.load.outputs.artifacts.data-set}}'}]
              parameters: [{name: rows, value: '{{tasks.load.outputs.result}} rows'}]
          - {name: report, template: run, depends: 'embed.Succeeded && (load || !embed.Failed)'}
    - name: run
      container:
        image: example/evaluate:1
        resources: {limits: {nvidia.com/gpu: 1, cpu: 2}}
"#;

fuzz_target!(|input: imports::Input| {
    imports::check("argo", &input, &[("evaluate.yaml", SEED)]);
});
