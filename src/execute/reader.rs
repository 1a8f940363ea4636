//! The text of a classic builder, Docker's or Podman's, read back into steps.

use std::collections::VecDeque;
use std::time::Instant;

use bollard::errors::Error;

use super::backend::{Events, Mask};
use super::engine::{chain, said};
use super::rewrite::Line;
use super::{Failure, StepEvent, StepState, TAIL, What, explain};

/// Puts the engine's text together again: its pieces end anywhere.
pub(super) struct Reader<'a> {
    instructions: &'a [Line],
    mask: &'a Mask,
    events: &'a Events,
    partial: String,
    /// The number of the step that runs, from 1.
    step: usize,
    /// What was told of it, and when it began; `None` once its end was told.
    running: Option<(StepEvent, Instant)>,
    fresh: bool,
    tail: VecDeque<String>,
    /// Steps that were executed or found in the cache.
    pub steps: usize,
    /// Steps found in the cache.
    pub cached: usize,
    /// The image, once it is known.
    pub image: Option<String>,
    /// It is Podman that builds.
    podman: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(instructions: &'a [Line], mask: &'a Mask, events: &'a Events) -> Self {
        let (partial, tail) = (String::new(), VecDeque::new());
        Reader {
            instructions,
            mask,
            events,
            partial,
            step: 0,
            running: None,
            fresh: false,
            tail,
            steps: 0,
            cached: 0,
            image: None,
            podman: false,
        }
    }

    pub(super) fn push(&mut self, text: &str) {
        self.partial.push_str(text);
        while let Some((line, rest)) = self.partial.split_once('\n') {
            let (line, rest) = (line.to_owned(), rest.to_owned());
            self.partial = rest;
            self.line(&line);
        }
    }

    pub(super) fn end(&mut self) {
        let rest = std::mem::take(&mut self.partial);
        if !rest.trim().is_empty() {
            self.line(&rest);
        }
    }

    fn line(&mut self, raw: &str) {
        let line = self.clean(raw);
        if let Some((number, of, text)) = step(&line).filter(|(number, _, _)| *number == self.step + 1) {
            self.begin(number, of, text);
            return;
        }
        if let Some((number, text)) = podman_step(&line).and_then(|(stage, n, text)| Some((self.in_stage(stage, n)?, text))) {
            self.podman = true;
            self.begin(number, self.instructions.len(), text);
            return;
        }
        if self.podman && self.of_podman(&line) {
            return;
        }
        let of_engine = line.starts_with(" ---> ") || line.starts_with("Removing intermediate container ");
        if line == " ---> Using cache" && self.fresh {
            self.hit();
        } else if !of_engine && !line.starts_with("Successfully ") && !line.trim().is_empty() {
            self.log(line);
        } else if line.starts_with(" ---> Running in ") {
            self.fresh = false;
        }
    }

    fn hit(&mut self) {
        self.fresh = false;
        self.cached += usize::from(self.works());
        self.close(StepState::Cached);
    }

    /// Podman counts the instructions of each stage by themselves: the number of one in the whole file.
    fn in_stage(&self, stage: usize, number: usize) -> Option<usize> {
        let mut own = self.instructions.iter().enumerate().filter(|(_, line)| line.stage == Some(stage));
        Some(own.nth(number.checked_sub(1)?)?.0 + 1)
    }

    /// What Podman says between the steps: hits, and the ids of what it has made.
    fn of_podman(&mut self, line: &str) -> bool {
        let id = |text: &str| text.len() >= 11 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if line.strip_prefix("--> Using cache ").is_some_and(id) {
            if self.fresh {
                self.hit();
            }
            return true;
        }
        line.strip_prefix("--> ").is_some_and(id)
            || (line.len() == 64 && id(line))
            || line.ends_with(" COMMIT")
            || line.starts_with("COMMIT")
    }

    fn begin(&mut self, number: usize, of: usize, text: &str) {
        self.done();
        self.step = number;
        self.fresh = true;
        self.tail.clear();
        self.steps += usize::from(self.works());
        let line = self.instructions.get(number - 1).map(|at| at.line);
        let step = StepEvent {
            id: self.events.step_id(number),
            name: format!("[{number}/{of}] {text}"),
            line,
            instruction: Some(text.to_owned()),
            state: StepState::Running,
        };
        self.events.tell(What::Step(step.clone()));
        self.running = Some((step, Instant::now()));
    }

    /// The step that runs has come to its end.
    pub(super) fn done(&mut self) {
        if let Some(began) = self.running.as_ref().map(|(_, began)| *began) {
            self.close(StepState::Done(began.elapsed()));
        }
    }

    fn close(&mut self, state: StepState) {
        if let Some((step, _)) = self.running.take() {
            self.events.tell(What::Step(StepEvent { state, ..step }));
        }
    }

    fn works(&self) -> bool {
        self.step.checked_sub(1).and_then(|n| self.instructions.get(n)).is_some_and(|at| at.works)
    }

    pub(super) fn status(&mut self, layer: Option<&str>, status: &str) {
        // A line a layer and percent is noise; that a pull goes on is not.
        if layer.is_none() || status == "Pull complete" {
            let text = layer.map_or_else(|| status.to_owned(), |layer| format!("{layer}: {status}"));
            self.log(text);
        }
    }

    fn log(&mut self, text: String) {
        if self.tail.len() == TAIL {
            self.tail.pop_front();
        }
        self.tail.push_back(text.clone());
        self.events.tell(What::Log { step: self.events.step_id(self.step), text });
    }

    /// Takes out colours, carriage returns and the values of secrets.
    fn clean(&self, line: &str) -> String {
        let line = line.replace("\u{1b}[91m", "").replace("\u{1b}[0m", "");
        let line = line.trim_end_matches('\r').rsplit('\r').next().unwrap_or_default();
        self.mask.hide(line)
    }

    pub(super) fn failure(&mut self, error: &Error) -> Failure {
        let text = self.mask.hide(&message(error));
        self.close(StepState::Failed(text.clone()));
        if matches!(error, Error::IOError { .. } | Error::HyperResponseError { .. }) {
            return explain::broken(&text, false);
        }
        let line = match explain::parse_error_line(&text) {
            Some(line) => Some(line),
            None => self.step.checked_sub(1).and_then(|n| self.instructions.get(n)).map(|at| at.line),
        };
        let exit_code = explain::exit_code(&text);
        explain::told(Failure { line, message: text, exit_code, output: self.tail.iter().cloned().collect(), ..Failure::default() })
    }
}

fn message(error: &Error) -> String {
    said(error).unwrap_or_else(|| chain(error))
}

/// `Step 3/14 : RUN x`.
fn step(line: &str) -> Option<(usize, usize, &str)> {
    let (count, text) = line.strip_prefix("Step ")?.split_once(" : ")?;
    let (number, of) = count.split_once('/')?;
    Some((number.parse().ok()?, of.parse().ok()?, text))
}

/// `[2/3] STEP 1/4: RUN x`, or `STEP 1/4: RUN x` of the only stage: the stage from 0, the number, the text.
fn podman_step(line: &str) -> Option<(usize, usize, &str)> {
    let (stage, rest) = match line.strip_prefix('[') {
        Some(rest) => {
            let (count, rest) = rest.split_once("] STEP ")?;
            (count.split_once('/')?.0.parse::<usize>().ok()?.checked_sub(1)?, rest)
        }
        None => (0, line.strip_prefix("STEP ")?),
    };
    let (count, text) = rest.split_once(": ")?;
    let (number, of) = count.split_once('/')?;
    of.parse::<usize>().ok()?;
    Some((stage, number.parse().ok()?, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_told_from_what_a_step_prints() {
        let (events, mut seen) = tokio::sync::mpsc::unbounded_channel();
        let lines: Vec<Line> = [1, 3, 4].into_iter().map(|line| Line { line, stage: Some(0), works: line > 1 }).collect();
        let secrets = Mask::new(std::iter::once("hunter22".to_owned()));
        let events = Events::new(0, &events);
        let mut reader = Reader::new(&lines, &secrets, &events);
        for piece in ["Step 1/3", " : FROM a", "\n", " ---> 123\nStep 2/3 : RUN x\n ---> Using cache\n ---> 4\n", "Step 3/3 : RUN y\n"] {
            reader.push(piece);
        }
        reader.push(" ---> Running in 9\nStep 2/3 : no step\n ---> Using cache\n\u{1b}[91mpassword hunter22\u{1b}[0m\n10%\r100%\n");
        assert_eq!((reader.step, reader.steps, reader.cached), (3, 2, 1));
        assert_eq!(reader.tail, ["Step 2/3 : no step", "password ***", "100%"]);
        let failure =
            reader.failure(&Error::DockerStreamError { error: "The command 'y hunter22' returned a non-zero code: 7".to_owned() });
        assert_eq!((failure.line, failure.exit_code), (Some(4), Some(7)));
        let mut steps = Vec::new();
        while let Ok(event) = seen.try_recv() {
            if let What::Step(step) = event.what {
                let state = match step.state {
                    StepState::Running => "runs",
                    StepState::Cached => "cached",
                    StepState::Done(_) => "done",
                    StepState::Failed(_) => "failed",
                    StepState::Cancelled => "cancelled",
                };
                steps.push((step.line, state));
            }
        }
        let (from, cached, run) = (Some(1), Some(3), Some(4));
        assert_eq!(steps, [(from, "runs"), (from, "done"), (cached, "runs"), (cached, "cached"), (run, "runs"), (run, "failed")]);
    }

    #[test]
    fn podmans_steps_are_found_by_their_stage() {
        let (events, _seen) = tokio::sync::mpsc::unbounded_channel();
        let events = Events::new(0, &events);
        let line = |line, stage| Line { line, stage: Some(stage), works: line != 1 && line != 4 };
        let lines = [line(1, 0), line(2, 0), line(4, 1), line(5, 1)];
        let mask = Mask::default();
        let mut reader = Reader::new(&lines, &mask, &events);
        reader.push(
            "[1/2] STEP 1/2: FROM x AS a\n[1/2] STEP 2/2: RUN one\n--> Using cache 2d291d05550af8f45cbaeb15d6853d15\n--> 2d291d05550\n",
        );
        reader.push("[2/2] STEP 1/2: FROM 2d291d05550\n[2/2] STEP 2/2: RUN two\n--> said\n");
        assert_eq!((reader.steps, reader.cached), (2, 1));
        let failure = reader
            .failure(&Error::DockerStreamError { error: "building at STEP \"RUN two\": while running runtime: exit status 5".to_owned() });
        assert_eq!((failure.line, failure.exit_code, failure.output), (Some(5), Some(5), vec!["--> said".to_owned()]));
    }
}
