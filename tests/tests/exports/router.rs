//! A small model of KServe's router, after what it documents: steps run in their order, a step
//! that is not `Hard` lets the sequence go on whatever it answers, a condition asks the answer
//! before a step, and within Switch and Splitter `Hard` stops nothing. GJSON is asked by its own
//! library.

use serde_json::{Map, Value};

/// What a service answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn new(status: u16, body: &str) -> Self {
        let body = body.to_owned();
        Self { status, body }
    }

    fn is_fine(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// The router of a graph.
pub(crate) struct Router<'r> {
    /// `spec.nodes`.
    pub(crate) graph: &'r Value,
    /// Where a splitter's draw lands, from 0 to 99.
    pub(crate) point: u64,
    /// Calls a service by its URL or name.
    pub(crate) call: &'r dyn Fn(&str, &str) -> Answer,
}

/// The router gives up: the whole request fails.
struct Failed;

fn finds(body: &str, path: &str) -> bool {
    gjson::valid(body) && gjson::get(body, path).exists()
}

impl Router<'_> {
    /// What a request gets.
    pub(crate) fn run(&self, request: &str) -> Answer {
        self.node("root", request)
            .unwrap_or_else(|Failed| Answer::new(500, "{}"))
    }

    fn step(&self, step: &Value, body: &str) -> Result<Answer, Failed> {
        if let Some(name) = step["nodeName"].as_str() {
            return self.node(name, body);
        }
        let url = step["serviceUrl"].as_str().or(step["serviceName"].as_str());
        Ok((self.call)(url.unwrap(), body))
    }

    fn node(&self, name: &str, request: &str) -> Result<Answer, Failed> {
        let router = &self.graph[name];
        let steps = router["steps"].as_array().unwrap();
        match router["routerType"].as_str().unwrap() {
            "Sequence" => self.sequence(steps, request),
            "Ensemble" => self.ensemble(steps, request),
            "Switch" => {
                let asks = |step: &&Value| finds(request, step["condition"].as_str().unwrap());
                let step = steps.iter().find(asks).ok_or(Failed)?;
                self.step(step, request)
            }
            "Splitter" => {
                let mut end = 0;
                let drawn = steps.iter().find(|step| {
                    end += step["weight"].as_u64().unwrap();
                    self.point < end
                });
                self.step(drawn.ok_or(Failed)?, request)
            }
            way => panic!("no router of type {way}"),
        }
    }

    fn sequence(&self, steps: &[Value], request: &str) -> Result<Answer, Failed> {
        let mut last: Option<Answer> = None;
        for step in steps {
            let before = last.as_ref().map_or("", |answer| &*answer.body);
            let takes = step["data"] == "$response" && last.is_some();
            let body = if takes { before } else { request };
            if let Some(condition) = step["condition"].as_str() {
                if !gjson::valid(before) {
                    return Err(Failed);
                }
                if !finds(before, condition) {
                    return Ok(Answer::new(500, before));
                }
            }
            let answer = self.step(step, body)?;
            if step["dependency"] == "Hard" && !answer.is_fine() {
                return Ok(answer);
            }
            last = Some(answer);
        }
        last.ok_or(Failed)
    }

    fn ensemble(&self, steps: &[Value], request: &str) -> Result<Answer, Failed> {
        let mut merged = Map::new();
        for (place, step) in steps.iter().enumerate() {
            let answer = self.step(step, request)?;
            if step["dependency"] == "Hard" && !answer.is_fine() {
                return Ok(answer);
            }
            let object: Map<String, Value> =
                serde_json::from_str(&answer.body).map_err(|_| Failed)?;
            let name = step["name"]
                .as_str()
                .map_or(place.to_string(), str::to_owned);
            merged.insert(name, Value::Object(object));
        }
        Ok(Answer::new(200, &Value::Object(merged).to_string()))
    }
}
