"""Reads exported files with the target's own client library.

    check.py TARGET FOLDER

Every object must be one that the library knows, without a field that it does not. Fails at the
first that is not, with its file and the place in it.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml


class Refused(Exception):
    """What a library does not read: the place, and why."""


def documents(folder):
    """Every YAML document and protocol buffer below a folder, with the file that it stands in."""
    for path in sorted(Path(folder).rglob("*")):
        if path.suffix in (".yaml", ".yml"):
            for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
                if document is not None:
                    yield path, document
        elif path.name == "dashboard.json":
            yield path, json.loads(path.read_text(encoding="utf-8"))
        elif path.suffix == ".pbtxt":
            yield path, path.read_text(encoding="utf-8")


def kubernetes(document, place):
    """The API server's own schemas, without unknown fields."""
    import kubernetes_validate

    try:
        kubernetes_validate.validate(document, "1.34", strict=True)
    except kubernetes_validate.ValidationError as error:
        raise Refused(f"{place}: {error}") from error


def kserve(document, place):
    """The classes of KServe's Python client; it has none for v1alpha2, whose words are v1alpha1's."""
    import kserve

    classes = {
        "InferenceGraph": kserve.V1alpha1InferenceGraph,
        "InferenceService": kserve.V1beta1InferenceService,
        "LLMInferenceService": kserve.V1alpha1LLMInferenceService,
    }
    build(classes[document["kind"]], document, place)


def triton(document, place):
    """The message of the server's own protocol, which knows no other field."""
    from google.protobuf import text_format
    from tritonclient.grpc import model_config_pb2

    try:
        text_format.Parse(document, model_config_pb2.ModelConfig())
    except text_format.ParseError as error:
        raise Refused(f"{place}: {error}") from error


def argo(document, place):
    """Hera's classes of Argo's API; what they leave out when they write it again, they do not know."""
    from hera.workflows import models

    if document["kind"] == "ConfigMap":
        return kubernetes(document, place)
    kind = {"Workflow": models.Workflow, "WorkflowTemplate": models.WorkflowTemplate}[document["kind"]]
    try:
        read = kind.model_validate(document)
    except ValueError as error:
        raise Refused(f"{place}: {error}") from error
    again = read.model_dump(by_alias=True, exclude_unset=True, mode="json")
    if again != document:
        raise Refused(f"{place}: {kind.__name__} does not know all of it")


def github_actions(document, place):
    """The schema of workflows that check-jsonschema brings."""
    import check_jsonschema
    from click.testing import CliRunner

    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        # `on` of YAML 1.1 is a truth; what we write is quoted.
        json.dump(document, file)
        file.flush()
        arguments = ["--builtin-schema", "vendor.github-workflows", file.name]
        done = CliRunner().invoke(check_jsonschema.main, arguments)
    if done.exit_code != 0:
        raise Refused(f"{place}: {done.output}{done.exception or ''}")


def observability(document, place):
    """Prometheus' own reader of rules, for those and for what the dashboard asks; the operator's
    objects are held to their schemas elsewhere."""
    if document.get("kind") == "PrometheusRule":
        spec = {key: value for key, value in document.items() if key not in ENVELOPE}
        groups = {**document["spec"], **spec}
    elif "panels" in document:
        targets = [target for panel in document["panels"] for target in panel.get("targets", [])]
        # The dashboard's variable is a time.
        asked = [target["expr"].replace("$__rate_interval", "5m") for target in targets]
        rules = [{"record": f"panel_{at}", "expr": expr} for at, expr in enumerate(asked)]
        groups = {"groups": [{"name": "dashboard", "rules": rules}]}
    else:
        return
    with tempfile.TemporaryDirectory() as folder:
        rules = Path(folder, "rules.yaml")
        rules.write_text(json.dumps(groups), encoding="utf-8")
        promtool(place, "check", "rules", rules)
        fired = Path(folder, "fired.yaml")
        for words in firing(groups):
            fired.write_text(json.dumps({"rule_files": [str(rules)], **words}), encoding="utf-8")
            promtool(place, "test", "rules", fired)


def promtool(place, *arguments):
    arguments = [os.environ["PROMTOOL"], *map(str, arguments)]
    done = subprocess.run(arguments, capture_output=True, text=True)
    if done.returncode != 0:
        raise Refused(f"{place}: {done.stdout}{done.stderr}")


def firing(groups):
    """For each objective of latency two runs of requests: one misses it a little too often, and the
    alert fires; one a little less than may be, and it does not."""
    alerts = [rule for group in groups["groups"] for rule in group["rules"]]
    alerts = [rule for rule in alerts if rule.get("alert") == "ModelGraphTooSlow"]
    bounds = [re.search(r'le=~"([0-9.\\\\]+)', rule["expr"])[1].replace("\\\\", "") for rule in alerts]
    for at, rule in enumerate(alerts):
        labels = re.search(r"_bucket\{(.*?),le=~", rule["expr"])[1]
        limit = float(rule["expr"].rsplit(">", 1)[1])
        name = rule["labels"]["modelgraph_graph_name"]
        for misses, fires in [(limit * 1.2, True), (limit * 0.8, False)]:
            series = [{"series": f"modelgraph_duration_seconds_count{{{labels}}}", "values": "0+100000x120"}]
            for other, bound in enumerate(bounds):
                kept = round(100000 * (1 - (misses if other == at else 0)))
                bucket = f'modelgraph_duration_seconds_bucket{{{labels},le="{bound}"}}'
                series.append({"series": bucket, "values": f"0+{kept}x120"})
            firing = f'ALERTS{{alertname="ModelGraphTooSlow",alertstate="firing",modelgraph_graph_name="{name}"}}'
            asked = {"expr": f"count({firing})", "eval_time": "100m"}
            asked["exp_samples"] = [{"labels": "{}", "value": 1}] if fires else []
            yield {
                "evaluation_interval": "1m",
                "tests": [{"interval": "1m", "input_series": series, "promql_expr_test": [asked]}],
            }


# What stands around an object of the operator, and is nothing to Prometheus.
ENVELOPE = ("apiVersion", "kind", "metadata", "spec")


def build(kind, value, place):
    """An object of a generated class from its plain form; the class checks what it requires."""
    names = {key: attribute for attribute, key in kind.attribute_map.items()}
    arguments = {}
    for key, inner in value.items():
        if key not in names:
            raise Refused(f"{place}: {kind.__name__} has no field {key}")
        attribute = names[key]
        arguments[attribute] = typed(kind.openapi_types[attribute], inner, f"{place}.{key}")
    try:
        return kind(**arguments)
    except ValueError as error:
        raise Refused(f"{place}: {error}") from error


def typed(name, value, place):
    """A value of a type by its name, as the generated classes write it."""
    inner = re.fullmatch(r"list\[(.*)\]", name)
    if inner:
        return [typed(inner[1], item, f"{place}[{at}]") for at, item in enumerate(value)]
    inner = re.fullmatch(r"dict\(str, (.*)\)", name)
    if inner:
        return {key: typed(inner[1], item, f"{place}.{key}") for key, item in value.items()}
    plain = {"str": str, "int": int, "bool": bool, "float": (int, float)}.get(name)
    if plain is not None:
        if not isinstance(value, plain):
            raise Refused(f"{place}: {value!r} is no {name}")
        return value
    kind = find(name)
    return build(kind, value, place) if kind else value


def find(name):
    """A generated class by its name; none for free objects."""
    import kserve.models
    from kubernetes import client

    return getattr(kserve.models, name, None) or getattr(client, name, None)


def main(target, folder):
    """Checks all, and that one more field would have been refused: else nothing is proved."""
    check = TARGETS[target]
    count = 0
    for path, document in documents(folder):
        check(document, str(path))
        count += 1
    if count == 0:
        raise Refused(f"{folder}: nothing was exported")
    if target == "observability":
        rules = (found for _, found in documents(folder) if found.get("kind") == "PrometheusRule")
        document = next(rules)
    if isinstance(document, str):
        broken = f"{document}field_that_nobody_knows: 1\n"
    else:
        broken = {**document, "fieldThatNobodyKnows": {}}
    try:
        check(broken, "a broken object")
    except Refused:
        print(f"{count} objects of {target}")
        return
    raise Refused(f"{target}: the library reads a field that it does not know")


TARGETS = {
    "argo": argo,
    "github-actions": github_actions,
    "kserve": kserve,
    "kubernetes": kubernetes,
    "observability": observability,
    "triton": triton,
}

if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in TARGETS:
        sys.exit(__doc__)
    try:
        main(sys.argv[1], sys.argv[2])
    except Refused as refused:
        sys.exit(str(refused))
