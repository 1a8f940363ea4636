//! What BuildKit tells while it builds: vertices of its graph that start and end, and what they print.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bollard_buildkit_proto::google::protobuf::Timestamp;
use bollard_buildkit_proto::moby::buildkit::v1::{StatusResponse, Vertex, VertexLog, VertexStatus};

use super::super::backend::{Events, Mask, StepEvent, StepState};
use super::super::{Ran, TAIL, What};
use super::steps::{Place, Steps};
use crate::stack::context::size;

/// Reads the messages about one build.
pub(super) struct Watch {
    steps: Steps,
    mask: Arc<Mask>,
    events: Events,
    seen: BTreeMap<String, Seen>,
}

/// A vertex that was told of.
struct Seen {
    id: Arc<str>,
    name: String,
    place: Option<Place>,
    started: bool,
    ended: bool,
    error: Option<String>,
    partial: String,
    tail: VecDeque<String>,
    transfers: BTreeMap<String, bool>,
    ran: Option<Ran>,
}

/// The vertex that made a build fail.
#[derive(Clone, Debug, Default)]
pub(super) struct Culprit {
    pub place: Option<Place>,
    pub name: String,
    pub error: String,
    pub output: Vec<String>,
}

impl Watch {
    pub(super) fn new(steps: Steps, mask: Arc<Mask>, events: Events) -> Watch {
        Watch { steps, mask, events, seen: BTreeMap::new() }
    }

    pub(super) fn read(&mut self, told: &StatusResponse) {
        told.vertexes.iter().for_each(|vertex| self.vertex(vertex));
        told.statuses.iter().for_each(|status| self.transfer(status));
        told.logs.iter().for_each(|log| self.log(log));
    }

    fn vertex(&mut self, vertex: &Vertex) {
        let mask = &self.mask;
        let steps = &self.steps;
        let seen = self.seen.entry(vertex.digest.clone()).or_insert_with(|| Seen {
            id: vertex.digest.as_str().into(),
            name: mask.hide(&vertex.name),
            place: steps.find(&vertex.name).cloned(),
            started: false,
            ended: false,
            error: None,
            partial: String::new(),
            tail: VecDeque::new(),
            transfers: BTreeMap::new(),
            ran: None,
        });
        if vertex.started.is_none() && !vertex.cached || seen.ended {
            return;
        }
        if !seen.started {
            seen.started = true;
            let event = seen.event(StepState::Running);
            self.events.tell(What::Step(event));
        }
        let time = match (&vertex.started, &vertex.completed) {
            (Some(started), Some(completed)) => between(started, completed),
            (None, Some(_)) => Duration::ZERO,
            _ => return,
        };
        seen.ended = true;
        if !seen.partial.is_empty() {
            let rest = std::mem::take(&mut seen.partial);
            seen.line(&rest, &self.mask, &self.events);
        }
        let state = if vertex.cached {
            seen.ran = Some(Ran::Cached);
            StepState::Cached
        } else if vertex.error.is_empty() {
            seen.ran = Some(Ran::Executed(time));
            StepState::Done(time)
        } else if vertex.error.contains("context canceled") {
            StepState::Cancelled
        } else {
            let error = self.mask.hide(&vertex.error);
            seen.error = Some(error.clone());
            StepState::Failed(error)
        };
        let event = seen.event(state);
        self.events.tell(What::Step(event));
    }

    fn transfer(&mut self, status: &VertexStatus) {
        let Some(seen) = self.seen.get_mut(&status.vertex) else { return };
        if status.completed.is_none() || seen.transfers.insert(status.id.clone(), true).is_some() {
            return;
        }
        let name = self.mask.hide(&status.id);
        let bytes = u64::try_from(status.current.max(status.total)).unwrap_or_default();
        let text = if bytes > 0 { format!("{name} {} done", size(bytes)) } else { format!("{name} done") };
        self.events.tell(What::Note { step: Arc::clone(&seen.id), text });
    }

    fn log(&mut self, log: &VertexLog) {
        let Some(seen) = self.seen.get_mut(&log.vertex) else { return };
        seen.partial.push_str(&String::from_utf8_lossy(&log.msg));
        while let Some((line, rest)) = seen.partial.split_once('\n') {
            let (line, rest) = (line.to_owned(), rest.to_owned());
            seen.partial = rest;
            seen.line(&line, &self.mask, &self.events);
        }
    }

    /// What became of the steps of the plan.
    pub(super) fn ran(&self) -> BTreeMap<usize, Ran> {
        let steps = self.seen.values().filter_map(|seen| Some((seen.place.as_ref()?.step?, seen.ran?)));
        let mut all = BTreeMap::new();
        for (step, ran) in steps {
            // A step may be several vertices; one that was executed tells.
            let known = all.entry(step).or_insert(ran);
            if let Ran::Executed(_) = ran {
                *known = ran;
            }
        }
        all
    }

    /// The vertex that failed, by its digest where that is known.
    pub(super) fn culprit(&self, digest: Option<&str>) -> Option<Culprit> {
        let by_digest = digest.and_then(|digest| self.seen.get(digest));
        let seen = by_digest.or_else(|| self.seen.values().find(|seen| seen.error.is_some()))?;
        let error = seen.error.clone().unwrap_or_default();
        Some(Culprit { place: seen.place.clone(), name: seen.name.clone(), error, output: seen.tail.iter().cloned().collect() })
    }

    /// The instruction at a line of the Dockerfile.
    pub(super) fn at(&self, line: usize) -> Option<&Place> {
        self.steps.at(line)
    }
}

/// What still runs when nobody listens any more has been stopped.
impl Drop for Watch {
    fn drop(&mut self) {
        for seen in self.seen.values_mut().filter(|seen| seen.started && !seen.ended) {
            seen.ended = true;
            let event = seen.event(StepState::Cancelled);
            self.events.tell(What::Step(event));
        }
    }
}

impl Seen {
    fn event(&self, state: StepState) -> StepEvent {
        StepEvent {
            id: Arc::clone(&self.id),
            name: self.name.clone(),
            line: self.place.as_ref().map(|place| place.line),
            instruction: self.place.as_ref().map(|place| place.text.clone()),
            state,
        }
    }

    fn line(&mut self, raw: &str, mask: &Mask, events: &Events) {
        let line = raw.trim_end_matches('\r').rsplit('\r').next().unwrap_or_default();
        let text = mask.hide(line);
        if self.tail.len() == TAIL {
            self.tail.pop_front();
        }
        self.tail.push_back(text.clone());
        events.tell(What::Log { step: Arc::clone(&self.id), text });
    }
}

fn between(from: &Timestamp, to: &Timestamp) -> Duration {
    let nanos = |time: &Timestamp| i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanos);
    u64::try_from(nanos(to) - nanos(from)).map_or(Duration::ZERO, Duration::from_nanos)
}
