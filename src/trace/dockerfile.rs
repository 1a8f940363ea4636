//! Lines of Dockerfiles: what the builder expands, and what it leaves to a shell.

use super::layers::{Around, add_argv, layer};
use super::project::{launched, touches};
use super::{Kind, Request, Trace, View, environment, joined};
use crate::quoting::{Flow, Mark, Origin, Outcome, names_in};
use crate::source::{FileId, Span};
use crate::stack::{DockerfileUnit, EnvSet, Lookup, Runtime, Stack};
use crate::syntax::dockerfile::expand::{Reference, expand_heredoc, heredoc_references, references};
use crate::syntax::dockerfile::{self, Form, Heredoc, Instruction, Op, Pair};
use crate::syntax::shell::Dialect;
use crate::text::Text;

/// An instruction and where it stands.
struct At<'a> {
    stack: &'a Stack,
    request: &'a Request<'a>,
    unit: &'a DockerfileUnit,
    item: usize,
    /// The stage; none above the first FROM.
    stage: Option<usize>,
    instruction: &'a Instruction,
    focus: Span,
}

/// Traces a line of a Dockerfile.
pub(super) fn trace(stack: &Stack, request: &Request<'_>, file: FileId, focus: Span) -> Option<Trace> {
    let unit = stack.dockerfiles.iter().find(|u| u.file == file && u.inline.is_none())?;
    of_unit(stack, request, unit, focus)
}

/// Traces a line of a `dockerfile_inline`, which stands in a Compose file.
pub(super) fn trace_inline(stack: &Stack, request: &Request<'_>, file: FileId, focus: Span) -> Option<Trace> {
    for unit in &stack.dockerfiles {
        let Some((_, service)) = unit.inline.and_then(|at| stack.service(at)) else { continue };
        let text = service.build.as_ref().and_then(|b| b.inline.as_ref()).filter(|t| t.span.file == file && touches(t.span, focus));
        let Some(text) = text.filter(|_| request.service.is_none_or(|name| name == service.name.value)) else { continue };
        let mut at = 0;
        for line in text.value.split_inclusive('\n') {
            let indent = line.len() - line.trim_start().len();
            let (start, end) = (at + indent, at + line.trim_end().len().max(indent));
            at += line.len();
            if start < end && touches(text.span_of(start, end), focus) {
                let mut found = of_unit(stack, &Request { column: None, ..*request }, unit, Span::new(unit.file, start, end))?;
                found.subject = format!("{} in dockerfile_inline of {}", found.subject, service.name.value);
                if text.span_of(start, end).len() != end - start {
                    found.notes.push("this is the line after Compose's own interpolation".to_owned());
                }
                return Some(found);
            }
        }
    }
    None
}

fn of_unit(stack: &Stack, request: &Request<'_>, unit: &DockerfileUnit, focus: Span) -> Option<Trace> {
    let (item, outer) = unit.ast.instructions().find(|(_, i)| touches(i.span, focus) && !i.span.is_empty())?;
    let instruction = match &outer.op {
        Op::Onbuild(inner) => inner,
        _ => outer,
    };
    let at = At { stack, request, unit, item, stage: unit.ast.stage_of(item), instruction, focus };
    let mut notes = Vec::new();
    if matches!(outer.op, Op::Onbuild(_)) {
        notes.push("ONBUILD: this happens in images that are built FROM this one".to_owned());
    }
    let views = match &instruction.op {
        Op::Run(run) => vec![at.run(&run.form, run.heredoc_script)?],
        Op::Cmd(form) | Op::Entrypoint(form) => at.launched(form, &mut notes),
        Op::Healthcheck(Some(form)) => at.checks(form),
        _ => vec![at.expanded()?],
    };
    notes.extend(at.passed_by_services(&views));
    let written = at.head();
    Some(Trace { subject: instruction.keyword.name().to_owned(), span: instruction.span, written, views: joined(views), notes })
}

impl At<'_> {
    /// Where only some of the commands are meant: a line in the middle of an instruction, or a column.
    fn part(&self) -> Option<Span> {
        let first = self.stack.sources.line(self.instruction.span) == self.stack.sources.line(self.focus);
        (!first || self.request.column.is_some()).then_some(self.focus)
    }

    /// Services that pass a build argument which is not known without them.
    fn passed_by_services(&self, views: &[View]) -> Vec<String> {
        let marks = views.iter().flat_map(|v| &v.layers).flat_map(|l| &l.marks);
        let unknown: Vec<&str> = marks.filter(|m| matches!(m.outcome, Outcome::Unknown(_))).map(|m| m.name.as_str()).collect();
        let mut notes: Vec<String> = Vec::new();
        for build in self.stack.builds_of(self.unit) {
            let Some((_, service)) = build.service.and_then(|at| self.stack.service(at)) else { continue };
            let named: Vec<&str> = build.args.iter().map(|a| a.name.value.as_str()).filter(|name| unknown.contains(name)).collect();
            let note =
                format!("{} is what service {} passes: --service {} shows it", named.join(", "), service.name.value, service.name.value);
            if !named.is_empty() && !notes.contains(&note) {
                notes.push(note);
            }
        }
        notes
    }

    fn around(&self, runtime: Option<usize>) -> Around<'_> {
        Around { stack: self.stack, runtime, focus: self.part() }
    }

    /// A RUN.
    fn run(&self, form: &Form, body: bool) -> Option<View> {
        let stage = self.stage?;
        let mut view = View::default();
        let environment = environment::of_build(self.stack, self.request, self.unit, stage, self.item);
        let argv = self.argv(form, body, &mut view)?;
        let image = self.unit.root_image(stage);
        add_argv(&self.around(None), &argv, environment, environment::machine(image), &mut view);
        Some(view)
    }

    /// The words that are executed, with the builder's own layer.
    fn argv(&self, form: &Form, body: bool, view: &mut View) -> Option<Vec<Flow>> {
        let by = "Dockerfile";
        match form {
            Form::Exec(words) => {
                let note = "exec form: executed as these words, without a shell";
                view.layers.push(layer(by, Kind::Dockerfile, self.written(), Vec::new(), Some(note.to_owned())));
                Some(words.iter().map(Flow::of_text).collect())
            }
            Form::Shell(_) => {
                let shell = self.stage.map(|stage| self.unit.shell_at(stage, self.item));
                let words = shell.as_ref().map_or(vec!["/bin/sh".to_owned(), "-c".to_owned()], |s| s.argv.clone());
                let own = self.instruction.head.at_start();
                let note = match body {
                    true => format!("a heredoc: its body goes as it is to {}", words.join(" ")),
                    false => format!("shell form: kept as written, run by {}", words.join(" ")),
                };
                view.layers.push(layer(by, Kind::Dockerfile, Flow::default(), Vec::new(), Some(note)));
                if shell.is_some_and(|s| s.dialect == Dialect::Windows) {
                    view.notes.push(format!("stacklint does not follow what {} makes of it", words.join(" ")));
                    return None;
                }
                let mut argv: Vec<Flow> = words.iter().map(|w| Flow::value(w, own, false)).collect();
                argv.push(self.shell_text(form, body));
                Some(argv)
            }
        }
    }

    /// The text that a shell gets: continuations joined, comments taken out; a heredoc's body without the tabs that `<<-` strips.
    fn shell_text(&self, form: &Form, body: bool) -> Flow {
        let Form::Shell(text) = form else { return Flow::default() };
        if let (true, Some(heredoc)) = (body, self.instruction.heredocs.first()) {
            return self.body(heredoc);
        }
        let rest = Flow::of_text(&self.instruction.rest);
        let start = rest
            .parts()
            .flat_map(|(range, part)| range.map(move |n| (n, part)))
            .find(|(n, _)| rest.span_of(*n..n + 1).start >= text.span.start);
        let mut flow = rest.slice(start.map_or(0, |(n, _)| n)..rest.len());
        if !self.instruction.heredocs.is_empty() {
            let head = self.instruction.head.end.saturating_sub(text.span.start) as usize;
            let below = text.text.get(head..).unwrap_or_default();
            flow.push(below, text.span.part(head, text.text.len()), Origin::Source);
        }
        flow
    }

    fn body(&self, heredoc: &Heredoc) -> Flow {
        let source = self.stack.sources.slice(heredoc.body);
        let (mut flow, mut at) = (Flow::default(), 0);
        for line in source.split_inclusive('\n') {
            let tabs = if heredoc.chomp { line.len() - line.trim_start_matches('\t').len() } else { 0 };
            let end = at + line.len();
            flow.push(line.get(tabs..).unwrap_or_default(), heredoc.body.part(at + tabs, end), Origin::Source);
            at = end;
        }
        flow
    }

    /// The instruction's text, the values of secret variables marked.
    fn head(&self) -> Flow {
        let pairs = match &self.instruction.op {
            Op::Env(pairs) | Op::Arg(pairs) | Op::Label(pairs) => pairs.as_slice(),
            _ => &[],
        };
        let words: Vec<(String, Text)> = pairs.iter().filter_map(|p| Some((p.key.value.clone(), p.value.clone()?))).collect();
        self.without_secrets(self.written(), &words)
    }

    fn written(&self) -> Flow {
        Flow::of_text(&self.instruction.rest)
    }

    /// CMD and ENTRYPOINT, as each service has them.
    fn launched(&self, form: &Form, notes: &mut Vec<String>) -> Vec<View> {
        let mut views = Vec::new();
        let mut overridden: Vec<String> = Vec::new();
        for runtime in self.runtimes() {
            let active = runtime.launches.iter().any(|l| l.instruction == Some((self.unit.index, self.item)));
            if !active {
                overridden.extend(environment::service_name(self.stack, runtime));
                continue;
            }
            views.extend(self.launch(form, runtime));
        }
        if !overridden.is_empty() {
            let key = if matches!(self.instruction.op, Op::Cmd(_)) { "command" } else { "entrypoint" };
            notes.push(format!("not used by {}: a {key} of its own, or a later instruction, takes its place", overridden.join(", ")));
        }
        if views.is_empty() && overridden.is_empty() {
            notes.push("no build makes an image of this stage: what follows is what a container of it would run".to_owned());
        }
        if views.is_empty() {
            let mut view = View::default();
            if let (Some(stage), Some(argv)) = (self.stage, self.argv(form, false, &mut view)) {
                let environment = environment::of_build(self.stack, self.request, self.unit, stage, usize::MAX);
                add_argv(&self.around(None), &argv, environment, environment::machine(self.unit.root_image(stage)), &mut view);
                views.push(view);
            }
        }
        views
    }

    /// The containers whose image holds this instruction.
    fn runtimes(&self) -> Vec<&Runtime> {
        let holds = |r: &&Runtime| {
            let stage = r.stage.filter(|(u, _)| *u == self.unit.index).map(|(_, s)| s);
            let named = self.request.service.is_none_or(|name| environment::is_service(self.stack, r, name));
            named && stage.is_some_and(|s| self.stage.is_some_and(|own| self.unit.chain(s).contains(&own)))
        };
        self.stack.runtimes.iter().filter(holds).collect()
    }

    fn launch(&self, form: &Form, runtime: &Runtime) -> Option<View> {
        let mut view = View { services: environment::service_name(self.stack, runtime), ..View::default() };
        let own = self.argv(form, false, &mut view)?;
        let entrypoint = matches!(self.instruction.op, Op::Entrypoint(_));
        let other = runtime.launches.iter().find(|l| l.entrypoint != entrypoint);
        let argv = match other.and_then(|l| Some((l, launched(self.stack, self.request, runtime, l)?))) {
            None => own,
            Some((_, words)) if entrypoint => match form {
                Form::Shell(_) => own,
                Form::Exec(_) => own.into_iter().chain(words).collect(),
            },
            Some((launch, words)) => {
                let place = format!("{}:{}", self.stack.sources.path(launch.span.file), self.stack.sources.line(launch.span));
                if launch.shell_form {
                    view.notes.push(format!("the entrypoint in shell form ({place}) takes no arguments: this CMD is ignored"));
                    words
                } else {
                    view.notes.push(format!("the entrypoint ({place}) gets these words as its arguments"));
                    words.into_iter().chain(own).collect()
                }
            }
        };
        let environment = environment::of_runtime(self.stack, self.request, runtime);
        add_argv(&self.around(Some(runtime.index)), &argv, environment, environment::machine(runtime.image.as_ref()), &mut view);
        Some(view)
    }

    /// HEALTHCHECK.
    fn checks(&self, form: &Form) -> Vec<View> {
        let mut views = Vec::new();
        for runtime in self.runtimes() {
            let mut view = View { services: environment::service_name(self.stack, runtime), ..View::default() };
            let Some(argv) = self.argv(form, false, &mut view) else { continue };
            let environment = environment::of_runtime(self.stack, self.request, runtime);
            add_argv(&self.around(Some(runtime.index)), &argv, environment, environment::machine(runtime.image.as_ref()), &mut view);
            views.push(view);
        }
        views
    }

    /// What the builder expands by itself.
    fn expanded(&self) -> Option<View> {
        let escape = self.unit.ast.escape;
        let mut marks = Vec::new();
        let mut results = Vec::new();
        let mut text = self.written();
        let one = |word: &Text| (String::new(), word.clone());
        let pair = |p: &Pair| p.value.clone().map(|v| (p.key.value.clone(), v));
        let words: Vec<(String, Text)> = match &self.instruction.op {
            Op::Env(pairs) | Op::Label(pairs) | Op::Arg(pairs) => pairs.iter().filter_map(pair).collect(),
            Op::Workdir(t) | Op::User(t) | Op::Stopsignal(t) => vec![one(t)],
            Op::Copy(copy) | Op::Add(copy) => copy.sources.iter().chain([&copy.dest]).map(one).collect(),
            Op::Expose(ts) | Op::Volume(ts) => ts.iter().map(one).collect(),
            Op::From(from) => vec![one(&from.image)],
            _ => return None,
        };
        let body = self.instruction.heredocs.iter().find(|h| touches(h.body, self.focus) && self.part().is_some());
        if let Some(heredoc) = body {
            return Some(self.copied(heredoc));
        }
        let part = self.part();
        for (name, word) in words.iter().filter(|(_, w)| part.is_none_or(|focus| touches(w.span, focus))) {
            for found in references(word, escape) {
                marks.extend(self.mark(&text, &found, &|raw| self.expand(raw)));
            }
            if word.contains('$') || matches!(self.instruction.op, Op::Env(_)) {
                let value = self.value(word, self.expand(word));
                let secret = (self.request.is_secret)(name, Some(word.span));
                results.push((name.clone(), if secret { value.into_secret() } else { value }));
            }
        }
        if !text.text().contains('$') {
            return None;
        }
        if matches!(self.instruction.op, Op::Env(_) | Op::Arg(_)) {
            text = self.without_secrets(text, &words);
        }
        marks.extend(kept(&text, &marks));
        marks.sort_by_key(|m| m.range.start);
        let note = marks.is_empty().then(|| "the builder expands nothing here".to_owned());
        let layers = vec![layer("Dockerfile", Kind::Dockerfile, text, marks, note)];
        Some(View { layers, results, ..View::default() })
    }

    /// The text with the values of secret variables marked as such.
    fn without_secrets(&self, text: Flow, words: &[(String, Text)]) -> Flow {
        let mut out = text;
        for (name, word) in words.iter().filter(|(name, word)| (self.request.is_secret)(name, Some(word.span)) && !word.contains('$')) {
            let _ = name;
            if let Some(range) = out.offset_of(word.span) {
                let mut masked = out.slice(0..range.start);
                masked.append(&out.slice(range.clone()).into_secret());
                masked.append(&out.slice(range.end..out.len()));
                out = masked;
            }
        }
        out
    }

    /// A line in the body of a COPY's heredoc.
    fn copied(&self, heredoc: &Heredoc) -> View {
        let body = self.body(heredoc);
        let lines = self.line_of(&body);
        let text = body.slice(lines.clone());
        if !heredoc.expand {
            let note = "a quoted delimiter: the builder expands nothing in this body".to_owned();
            let made = layer("Dockerfile", Kind::Dockerfile, text.clone(), kept(&text, &[]), Some(note));
            return View { layers: vec![made], results: vec![(String::new(), text)], ..View::default() };
        }
        let source = Text::verbatim(text.text(), text.span_of(0..text.len()));
        let expand = |raw: &str| self.expand_with(raw, &|raw, lookup| expand_heredoc(raw, lookup).ok());
        let mut marks: Vec<Mark> = heredoc_references(&source).iter().filter_map(|r| self.mark(&text, r, &expand)).collect();
        marks.extend(kept(&text, &marks));
        marks.sort_by_key(|m| m.range.start);
        let value = self.value(&source, expand(text.text()));
        let note = Some("the builder expands this body before the file is written".to_owned());
        View {
            layers: vec![layer("Dockerfile", Kind::Dockerfile, text, marks, note)],
            results: vec![(String::new(), value)],
            ..View::default()
        }
    }

    fn line_of(&self, body: &Flow) -> std::ops::Range<usize> {
        let at = body.offset_of(self.focus.at_start().to(Span { end: self.focus.start + 1, ..self.focus })).map_or(0, |r| r.start);
        let start = body.text().get(..at).and_then(|t| t.rfind('\n')).map_or(0, |n| n + 1);
        let end = body.text().get(at..).and_then(|t| t.find('\n')).map_or(body.len(), |n| at + n);
        start..end
    }

    fn value(&self, word: &Text, expanded: Option<String>) -> Flow {
        match expanded {
            Some(value) => {
                let named = names_in(word);
                let secret = named.iter().any(|n| (self.request.is_secret)(&n.value, self.setting(&n.value).map(|s| s.span)));
                Flow::value(&value, word.span, secret)
            }
            None => Flow::unknown(&dockerfile::unquote(word, self.unit.ast.escape), word.span),
        }
    }

    /// What becomes of a variable; `expand` gives the value of the whole expression.
    fn mark(&self, text: &Flow, found: &Reference, expand: &dyn Fn(&str) -> Option<String>) -> Option<Mark> {
        let range = text.offset_of(found.span)?;
        let raw = text.text().get(range.clone())?;
        let set_by = self.setting(&found.name).map(|set| environment::setter(self.stack, self.unit, set));
        let secret = (self.request.is_secret)(&found.name, set_by.as_ref().and_then(|s| s.span));
        let outcome = match (self.look_up(&found.name), expand(raw)) {
            (Lookup::Unset, _) if found.operator.is_empty() => Outcome::Empty,
            (Lookup::Unknown, _) | (_, None) if found.operator.is_empty() => self.unknown(&found.name),
            (_, None) => Outcome::Unknown("it depends on what is not known here".to_owned()),
            (look_up, Some(value)) => {
                let set_by = set_by.filter(|_| look_up != Lookup::Unset);
                Outcome::Known { value: Flow::value(&value, found.span, secret), set_by }
            }
        };
        Some(Mark { range, name: found.name.clone(), outcome })
    }

    fn unknown(&self, name: &str) -> Outcome {
        let why = match self.setting(name) {
            Some(set) if set.arg => "an ARG without a default: only --build-arg gives it a value",
            Some(_) => "what ENV gives it has a part that is not known",
            None => "the base image, or the builder, sets it",
        };
        Outcome::Unknown(why.to_owned())
    }

    fn setting(&self, name: &str) -> Option<&EnvSet> {
        let stage = self.stage?;
        if self.item <= self.unit.ast.stages.get(stage)?.from {
            return None;
        }
        self.unit.settings(stage, self.item).into_iter().find(|s| s.name == name)
    }

    fn look_up(&self, name: &str) -> Lookup {
        if let Some((_, value)) = self.request.env.iter().find(|(k, _)| k == name) {
            return Lookup::Known(value.clone());
        }
        match self.stage.filter(|s| self.unit.ast.stages.get(*s).is_some_and(|s| self.item > s.from)) {
            Some(stage) => self.unit.lookup(stage, self.item, name),
            None => self.global(name),
        }
    }

    /// A global ARG: what FROM sees.
    fn global(&self, name: &str) -> Lookup {
        if let Some((_, value)) = self.stack.build_args.iter().find(|(k, _)| k == name) {
            return Lookup::Known(value.clone());
        }
        let pairs = self.unit.ast.global().take_while(|(item, _)| *item < self.item).filter_map(|(_, i)| match &i.op {
            Op::Arg(pairs) => Some(pairs),
            _ => None,
        });
        let found = pairs.flatten().filter(|p| p.key.value == name).last();
        match found.map(|p| &p.value) {
            None => Lookup::Unset,
            Some(Some(text)) if !text.contains('$') => Lookup::Known(dockerfile::unquote(text, self.unit.ast.escape).value),
            Some(_) => Lookup::Unknown,
        }
    }

    fn expand(&self, raw: &str) -> Option<String> {
        self.expand_with(raw, &|raw, lookup| dockerfile::expand::expand(raw, self.unit.ast.escape, lookup).ok())
    }

    fn expand_with(&self, raw: &str, with: &dyn Fn(&str, dockerfile::expand::Lookup<'_>) -> Option<String>) -> Option<String> {
        let unknown = std::cell::Cell::new(false);
        let value = with(raw, &|name| match self.look_up(name) {
            Lookup::Known(value) => Some(value),
            Lookup::Unset => None,
            Lookup::Unknown => {
                unknown.set(true);
                Some(String::new())
            }
        });
        value.filter(|_| !unknown.get())
    }
}

/// Marks for the `$name`s that the builder leaves alone.
fn kept(text: &Flow, marks: &[Mark]) -> Vec<Mark> {
    let source = Text::verbatim(text.text(), Span::new(FileId(0), 0, text.len()));
    let free = names_in(&source)
        .into_iter()
        .filter(|n| !marks.iter().any(|m| m.range.start <= n.span.range().start && n.span.range().end <= m.range.end));
    free.map(|n| Mark { range: n.span.range(), name: n.value, outcome: Outcome::Stays("quotes or a backslash protect it".to_owned()) })
        .collect()
}
