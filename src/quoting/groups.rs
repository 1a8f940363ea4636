//! The groups of a script: which are open at a command, which of their branches run, and what variables hold where ways meet.

use super::flow::Flow;
use super::interpret::Run;
use super::status::{Status, Stopped};
use super::step::{Outcome, Runs};
use super::variables::Environment;
use super::words::State;
use crate::source::Span;
use crate::syntax::shell::{GroupKind, Join, Place, Programs, Word};

pub(super) const BRANCH: &str = "it depends on the way that the script takes";
const LOOP: &str = "it changes while a loop runs";

/// A group that is open, or the script.
pub(super) struct Frame {
    group: Option<usize>,
    /// Whether the group runs.
    runs: Runs,
    /// What it holds may run several times, or not at all.
    branches: bool,
    pub(super) before: State,
    ends: Vec<State>,
    in_branch: bool,
    /// Whether the current branch runs.
    branch: Runs,
    /// Whether a branch was taken for certain (`false`: none was); `None` where that is not known.
    decided: Option<bool>,
    /// The variables at the start of the current list.
    list: Environment,
    /// The list's commands may not all have run.
    torn: bool,
    /// A `||` stands in the list: what follows may not run at all.
    perhaps: bool,
    /// Whether what stood last runs.
    last: Runs,
    /// What the variable of a loop holds in each turn, where that is known.
    pub(super) turns: Vec<Flow>,
}

impl Frame {
    /// A condition of `if`, or a branch, begins; `end` is what the one before left.
    fn branch_begins(&mut self, end: State, condition: bool, asks: bool) {
        let was_branch = self.in_branch;
        let answer = end.status.succeeds();
        self.branch_ends(end);
        self.in_branch = !condition;
        if condition {
            return;
        }
        // two branches behind each other: this is `else`
        let taken = if was_branch { Some(true) } else { answer };
        let taken = if asks { taken } else { None };
        (self.branch, self.decided) = match (self.decided, taken) {
            (Some(true), _) => (Runs::Never, Some(true)),
            (Some(false), Some(true)) => (Runs::Always, Some(true)),
            (decided, Some(false)) => (Runs::Never, decided),
            _ => (Runs::Perhaps, None),
        };
    }

    fn branch_ends(&mut self, end: State) {
        if self.in_branch && self.branch != Runs::Never {
            self.ends.push(end);
        }
    }

    pub(super) fn new(group: Option<usize>, state: &State) -> Frame {
        Frame {
            group,
            runs: Runs::Always,
            branches: false,
            before: state.clone(),
            ends: Vec::new(),
            in_branch: false,
            branch: Runs::Perhaps,
            decided: Some(false),
            list: state.vars.clone(),
            torn: false,
            perhaps: false,
            last: Runs::Always,
            turns: Vec::new(),
        }
    }
}

impl Run<'_> {
    /// Leaves the groups that do not hold what comes, and enters those that do.
    pub(super) fn enter(&mut self, group: Option<usize>) {
        // nearly always they are those that are open
        if self.frames.last().is_some_and(|f| f.group == group.filter(|at| Some(*at) != self.root)) {
            return;
        }
        let script = self.script;
        let mut chain: Vec<usize> = script.around(group).map(|(at, _)| at).take_while(|at| Some(*at) != self.root).collect();
        chain.reverse();
        let open = |frames: &[Frame]| frames.iter().skip(1).map(|f| f.group).eq(chain.iter().take(frames.len() - 1).map(|g| Some(*g)));
        while self.frames.len() > 1 && (self.frames.len() - 1 > chain.len() || !open(&self.frames)) {
            self.leave();
        }
        for at in chain.into_iter().skip(self.frames.len() - 1) {
            self.open(at);
        }
    }

    fn open(&mut self, at: usize) {
        let Some(group) = self.script.groups.get(at) else { return };
        let substitution = group.kind == GroupKind::Substitution;
        let runs = if substitution { Runs::Always } else { self.join(group.place).max(self.state.stopped.into()) };
        let before = self.state.clone();
        let mut turns = Vec::new();
        match &group.kind {
            GroupKind::Substitution => {
                let outer =
                    self.outer.as_ref().filter(|(range, _)| range.start <= group.span.range().start && group.span.range().end <= range.end);
                if let Some((_, state)) = outer {
                    self.state = state.clone();
                }
            }
            GroupKind::For(name) => {
                let (value, values) = self.loop_values(at, &group.words);
                if values.len() != 1 {
                    self.forget_assigned(Some(at), LOOP);
                    self.state.status = Status::Unknown;
                }
                self.state.assign(name, value, None, false);
                turns = values;
            }
            GroupKind::Loop => {
                self.forget_assigned(Some(at), LOOP);
                self.state.status = Status::Unknown;
            }
            GroupKind::Case => self.subject(at, &group.words),
            GroupKind::Function(_) => {
                self.forget_assigned(None, "a function sees what its caller set");
                self.state.positional = None;
                self.state.status = Status::Unknown;
            }
            _ => {}
        }
        let mut branches = matches!(group.kind, GroupKind::If | GroupKind::Case | GroupKind::Loop | GroupKind::Function(_));
        if matches!(group.kind, GroupKind::For(_)) {
            branches = turns.len() != 1;
        }
        let mut frame = Frame::new(Some(at), &self.state);
        frame.before = before;
        frame.runs = runs;
        frame.branches = branches;
        frame.turns = turns;
        self.frames.push(frame);
    }

    /// What a `case` looks at: it tells which of its branches runs.
    fn subject(&mut self, at: usize, words: &[Word]) {
        let [word] = words else { return };
        let marks = self.marks.len();
        let subject = self.expander().whole(word);
        // what nothing here sets may be given from outside
        let unset = self.marks.iter().skip(marks).any(|m| m.outcome == Outcome::Empty);
        self.marks.truncate(marks);
        if let Some(text) = subject.known().filter(|_| !unset) {
            self.subjects.push((at, text.to_owned()));
        }
    }

    fn leave(&mut self) {
        let Some(frame) = self.frames.pop() else { return };
        if frame.torn {
            self.state.vars.meet(&frame.list, BRANCH);
        }
        let Some((at, group)) = frame.group.and_then(|at| Some((at, self.script.groups.get(at)?))) else { return };
        let end = std::mem::replace(&mut self.state, frame.before.clone());
        let before = self.state.status;
        let certain = frame.runs == Runs::Always && matches!(end.stopped, Stopped::No | Stopped::Yes);
        let runs = frame.runs;
        let apart = group.place.pipe_len > 1 || group.place.background;
        let status = match group.kind {
            GroupKind::Substitution => before,
            _ if frame.runs == Runs::Never => before,
            _ if apart => Status::Unknown,
            _ => {
                let status = self.group_ends(at, &group.kind, frame, end);
                if group.place.negated { status.negated() } else { status }
            }
        };
        let passed = matches!(group.kind, GroupKind::Substitution) || status == before;
        self.state.status = if certain || passed { status } else { Status::Unknown };
        if !matches!(group.kind, GroupKind::Substitution | GroupKind::Function(_)) {
            self.errexit(group.place, runs);
        }
    }

    /// `set -e`: whether a failure ends the shell.
    pub(super) fn errexit(&mut self, place: Place, runs: Runs) {
        let asked = place.condition || place.negated || place.background || place.pipe_index + 1 < place.pipe_len;
        if !self.state.errexit || asked || runs == Runs::Never {
            return;
        }
        let stopped = match self.state.status.succeeds() {
            Some(true) => Stopped::No,
            // whether the rest of a list, or what stands around it, asks for the failure is not followed
            Some(false) => Stopped::Perhaps,
            None => Stopped::OnFailure,
        };
        self.state.stopped = self.state.stopped.max(stopped);
    }

    /// What holds after a group, and how it ends.
    fn group_ends(&mut self, at: usize, kind: &GroupKind, mut frame: Frame, end: State) -> Status {
        match kind {
            GroupKind::If | GroupKind::Case => {
                frame.branch_ends(end);
                let exhaustive = frame.decided == Some(true) || self.script.groups.get(at).is_some_and(|g| g.exhaustive);
                self.branches_meet(frame.ends, exhaustive);
                match frame.decided {
                    Some(true) => self.state.status,
                    Some(false) if *kind == GroupKind::If => Status::Code(0),
                    _ => Status::Unknown,
                }
            }
            GroupKind::For(_) if frame.turns.len() > 1 => match self.turns(at, &frame) {
                Some(end) => {
                    self.state = end;
                    self.state.status
                }
                None => Status::Unknown,
            },
            GroupKind::For(_) | GroupKind::Loop if frame.turns.is_empty() => {
                self.state.vars.meet(&end.vars, LOOP);
                if end.positional != self.state.positional {
                    self.state.positional = None;
                }
                Status::Unknown
            }
            GroupKind::Brace | GroupKind::Other | GroupKind::For(_) => {
                self.state = end;
                self.state.status
            }
            GroupKind::Subshell => end.status,
            GroupKind::Loop | GroupKind::Substitution | GroupKind::Function(_) => Status::Unknown,
        }
    }

    /// What holds after the branches of an `if` or a `case`.
    fn branches_meet(&mut self, ends: Vec<State>, exhaustive: bool) {
        let arguments = ends.iter().all(|e| e.positional == self.state.positional);
        let mut ends = ends.into_iter();
        if let Some(first) = ends.next().filter(|_| exhaustive) {
            self.state = first;
        } else if let Some(first) = ends.next() {
            self.state.vars.meet(&first.vars, BRANCH);
        }
        let all: Vec<State> = ends.collect();
        all.iter().for_each(|other| self.state.vars.meet(&other.vars, BRANCH));
        let stopped = all.iter().map(|e| e.stopped).chain([self.state.stopped]);
        self.state.stopped = match (stopped.clone().min(), stopped.max()) {
            (Some(Stopped::Yes), _) => Stopped::Yes,
            (_, Some(most @ (Stopped::Perhaps | Stopped::OnFailure))) => most,
            _ => Stopped::No,
        };
        if !arguments {
            self.state.positional = None;
        }
    }

    /// A command or a group begins.
    pub(super) fn join(&mut self, place: Place) -> Runs {
        let runs = self.joined(place);
        let branch =
            self.frames.last().map_or(Runs::Always, |f| if f.branches && !place.condition { f.branch.max(f.runs) } else { f.runs });
        if let Some(frame) = self.frames.last_mut() {
            frame.last = runs;
        }
        runs.max(branch)
    }

    fn joined(&mut self, place: Place) -> Runs {
        let kind = place.group.and_then(|at| self.script.groups.get(at)).map(|g| &g.kind);
        let Some(frame) = self.frames.last_mut() else { return Runs::Always };
        match place.join {
            Join::First | Join::Then | Join::Background => {
                if frame.torn {
                    self.state.vars.meet(&frame.list, BRANCH);
                }
                if place.join == Join::First && matches!(kind, Some(GroupKind::If | GroupKind::Case)) {
                    let end = std::mem::replace(&mut self.state, frame.before.clone());
                    self.state.status = Status::Unknown;
                    frame.branch_begins(end, place.condition, kind == Some(&GroupKind::If));
                }
                frame.torn = false;
                frame.list = self.state.vars.clone();
                frame.perhaps = false;
                if place.condition && frame.decided == Some(true) { Runs::Never } else { Runs::Always }
            }
            Join::And | Join::Or => match self.state.status.succeeds() {
                Some(succeeds) if succeeds == (place.join == Join::And) => Runs::Always,
                Some(_) => Runs::Never,
                None if place.join == Join::And => {
                    frame.torn = true;
                    if frame.perhaps { Runs::Perhaps } else { Runs::OnSuccess }
                }
                None => {
                    frame.torn = true;
                    frame.perhaps = true;
                    self.state.vars.meet(&frame.list, BRANCH);
                    Runs::Perhaps
                }
            },
            Join::Pipe => frame.last,
        }
    }

    /// Forgets the names that the script sets, or those that a group of it does.
    pub(super) fn forget_assigned(&mut self, group: Option<usize>, why: &'static str) {
        let within = group.and_then(|at| self.script.groups.get(at)).map(|g| g.span);
        match within {
            Some(span) => {
                let is_set = |places: &[Span]| places.iter().any(|at| span.contains(*at));
                let names = self.whole.assigned().iter().filter(|(_, places)| is_set(places)).map(|(name, _)| name);
                self.state.vars.forget_each(names, why);
            }
            None => self.whole.forget(&mut self.state.vars, why),
        }
        const SETS: Programs = Programs::of(&["shift", "set"]);
        let sets_arguments = |span: Span| {
            let mut inside = self.script.commands.iter().filter(|c| c.may_start(SETS) && span.contains(c.span));
            inside.any(|c| matches!(c.name().as_deref(), Some("shift" | "set")))
        };
        if within.is_none_or(sets_arguments) {
            self.state.positional = None;
        }
    }
}
