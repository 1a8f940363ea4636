//! What BuildKit tells while it builds: vertices of its graph that start and end, and what they print.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
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
    /// Steps of other Dockerfiles, from which this one goes on.
    foreign: BTreeSet<String>,
    seen: BTreeMap<String, Seen>,
}

/// A vertex that was told of.
struct Seen {
    id: Arc<str>,
    name: String,
    place: Option<Place>,
    started: bool,
    cached: bool,
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
        Watch { steps, mask, events, foreign: BTreeSet::new(), seen: BTreeMap::new() }
    }

    /// Says which steps, by their digests, are of other Dockerfiles.
    pub(super) fn set_apart(&mut self, digests: BTreeSet<String>) {
        self.foreign = digests;
    }

    pub(super) fn read(&mut self, told: &StatusResponse) {
        told.vertexes.iter().for_each(|vertex| self.vertex(vertex));
        told.statuses.iter().for_each(|status| self.transfer(status));
        told.logs.iter().for_each(|log| self.log(log));
    }

    fn vertex(&mut self, vertex: &Vertex) {
        let mask = &self.mask;
        let (steps, foreign) = (&self.steps, &self.foreign);
        let seen = self.seen.entry(vertex.digest.clone()).or_insert_with(|| Seen {
            id: vertex.digest.as_str().into(),
            name: mask.hide(&vertex.name),
            place: steps.find(&vertex.name).filter(|_| !foreign.contains(&vertex.digest)).cloned(),
            started: false,
            cached: false,
            ended: false,
            error: None,
            partial: String::new(),
            tail: VecDeque::new(),
            transfers: BTreeMap::new(),
            ran: None,
        });
        // A step that is found elsewhere begins anew for each part that is fetched; only the first time says that it was found.
        seen.cached |= vertex.cached;
        if vertex.started.is_none() && !vertex.cached || seen.ended && !seen.breaks_late(vertex) {
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
        let state = if vertex.error.is_empty() {
            seen.ran = Some(if seen.cached { Ran::Cached } else { Ran::Executed(time) });
            if seen.cached { StepState::Cached } else { StepState::Done(time) }
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
    /// It had ended well, and what it found cannot be fetched after all.
    fn breaks_late(&self, vertex: &Vertex) -> bool {
        self.error.is_none() && !vertex.error.is_empty() && !vertex.error.contains("context canceled")
    }

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

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc::unbounded_channel;

    fn told(started: i64, completed: Option<i64>, cached: bool, error: &str) -> StatusResponse {
        let time = |seconds| Timestamp { seconds, nanos: 0 };
        let vertex = Vertex {
            digest: "d".to_owned(),
            name: "[2/2] RUN make".to_owned(),
            started: Some(time(started)),
            completed: completed.map(time),
            cached,
            error: error.to_owned(),
            ..Vertex::default()
        };
        StatusResponse { vertexes: vec![vertex], ..StatusResponse::default() }
    }

    fn states(all: &[StatusResponse]) -> Vec<StepState> {
        let (to, mut from) = unbounded_channel();
        let mut watch = Watch::new(Steps::default(), Arc::default(), Events::new(0, &to));
        all.iter().for_each(|told| watch.read(told));
        drop(watch);
        std::iter::from_fn(|| from.try_recv().ok())
            .filter_map(|event| if let What::Step(step) = event.what { Some(step.state) } else { None })
            .collect()
    }

    #[test]
    fn a_step_that_is_fetched_in_parts_was_found() {
        let parts = [told(1, None, true, ""), told(2, None, false, ""), told(2, Some(3), false, ""), told(1, Some(9), true, "")];
        assert_eq!(states(&parts), [StepState::Running, StepState::Cached]);
        let run = [told(1, None, false, ""), told(1, Some(4), false, "")];
        assert_eq!(states(&run), [StepState::Running, StepState::Done(Duration::from_secs(3))]);
    }

    #[test]
    fn what_was_found_and_cannot_be_fetched_has_failed() {
        let parts = [told(1, Some(1), true, ""), told(2, Some(3), false, "gone"), told(2, Some(3), false, "gone")];
        assert_eq!(states(&parts), [StepState::Running, StepState::Cached, StepState::Failed("gone".to_owned())]);
        let stopped = [told(1, None, false, ""), told(1, Some(2), false, "context canceled")];
        assert_eq!(states(&stopped), [StepState::Running, StepState::Cancelled]);
    }
}
