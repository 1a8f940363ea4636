//! What the builder refuses once the lines are read, instruction by instruction: words that are no instruction, flags,
//! numbers of arguments, values, and instructions outside any stage.

use super::ast::{Flag, Form, Instruction, Keyword, Op};
use super::instruction::{anchored, shown};
use super::keywords::{Takes, closest, closest_keyword};
use super::{heredoc, mount};
use crate::source::{SourceFile, Span};
use crate::syntax::duration::nanoseconds;
use crate::syntax::{SyntaxError, SyntaxErrorKind};

/// A fault, before it has its place.
struct Fault {
    span: Span,
    kind: SyntaxErrorKind,
    message: String,
    help: Option<String>,
}

fn fault(span: Span, message: impl Into<String>, help: &str) -> Fault {
    Fault { span, kind: SyntaxErrorKind::Syntax, message: message.into(), help: (!help.is_empty()).then(|| help.to_owned()) }
}

/// The error of one instruction, the first in the builder's order.
pub(super) fn instruction(file: &SourceFile, i: &Instruction) -> Option<SyntaxError> {
    let fault = check(i)?;
    let span = anchored(file, i.span, fault.span);
    Some(SyntaxError { span, kind: fault.kind, message: fault.message, help: fault.help })
}

/// The error of an instruction other than ARG that stands before the first FROM.
pub(super) fn outside(file: &SourceFile, i: &Instruction, any_from: bool) -> SyntaxError {
    let name = i.keyword.name();
    let (message, help) = if any_from {
        (format!("{name} stands before the first FROM, and only ARG may stand there"), format!("move {name} below FROM"))
    } else {
        (format!("{name} belongs to no stage: the file has no FROM"), "begin with `FROM image`".to_owned())
    };
    SyntaxError { span: anchored(file, i.span, i.word.span), kind: SyntaxErrorKind::Syntax, message, help: Some(help) }
}

fn check(i: &Instruction) -> Option<Fault> {
    let name = i.keyword.name();
    let at = i.word.span;
    let known = || flags(i);
    let missing = || i.args_are_missing().then(|| fault(at, format!("{name} has no argument"), example(i.keyword)));
    match i.keyword {
        Keyword::Unknown => Some(unknown(i)),
        Keyword::From => stage_name(i).or_else(known),
        Keyword::Arg => missing().or_else(|| blank_key(i)),
        Keyword::Env | Keyword::Label => known().or_else(missing).or_else(|| blank_key(i)),
        Keyword::Maintainer | Keyword::Workdir | Keyword::User => missing().or_else(known),
        Keyword::Stopsignal => missing(),
        Keyword::Copy | Keyword::Add => arity_of_copy(i).or_else(known).or_else(|| heredoc_destination(i)),
        Keyword::Run => known().or_else(|| run_flags(i)),
        Keyword::Cmd | Keyword::Entrypoint => known(),
        Keyword::Expose => missing().or_else(known),
        Keyword::Volume => missing().or_else(known).or_else(|| empty_volume(i)),
        Keyword::Shell => known().or_else(|| shell(i)),
        Keyword::Onbuild => missing().or_else(known).or_else(|| trigger(i)),
        Keyword::Healthcheck => missing().or_else(|| healthcheck(i)),
    }
}

/// What to write where the arguments are missing.
fn example(keyword: Keyword) -> &'static str {
    match keyword {
        Keyword::Arg => "write `ARG name` or `ARG name=default`",
        Keyword::Env => "write `ENV name=value`",
        Keyword::Label => "write `LABEL name=value`",
        Keyword::Maintainer => "write `LABEL org.opencontainers.image.authors=\"name\"` in its place",
        Keyword::Workdir => "write `WORKDIR /path`",
        Keyword::User => "write `USER name`",
        Keyword::Stopsignal => "write `STOPSIGNAL SIGTERM`",
        Keyword::Expose => "write `EXPOSE 8080`",
        Keyword::Volume => "write `VOLUME /path`",
        Keyword::Onbuild => "write the instruction that a child build runs, such as `ONBUILD RUN make`",
        Keyword::Healthcheck => "write `HEALTHCHECK CMD command` or `HEALTHCHECK NONE`",
        _ => "",
    }
}

fn unknown(i: &Instruction) -> Fault {
    let word = i.word.value.as_str();
    let help = match closest_keyword(word) {
        Some(near) if word.chars().all(|c| !c.is_uppercase()) => format!("did you mean `{}`?", near.to_lowercase()),
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            "an instruction begins with a keyword such as RUN or COPY; to go on from the line above, end that with the escape character"
                .to_owned()
        }
    };
    let message = if word.is_empty() {
        "The line is continued into nothing: there is no instruction".to_owned()
    } else {
        format!("`{}` is no instruction", shown(word))
    };
    Fault { span: i.word.span, kind: SyntaxErrorKind::UnknownInstruction, message, help: Some(help) }
}

/// The first flag that the instruction does not know, or that has a wrong value.
fn flags(i: &Instruction) -> Option<Fault> {
    let rules = i.keyword.flags();
    let name = i.keyword.name();
    let mut seen: Vec<&str> = Vec::new();
    for flag in &i.flags {
        let written = flag.name.value.as_str();
        let Some(rule) = rules.iter().find(|r| r.0 == written) else {
            let help = closest(written, rules.iter().map(|r| r.0)).map_or_else(
                || match rules {
                    [] => format!("{name} takes no flags"),
                    rules => format!("{name} knows {}", rules.iter().map(|r| format!("`--{}`", r.0)).collect::<Vec<_>>().join(", ")),
                },
                |near| format!("did you mean `--{near}`?"),
            );
            let message = format!("{name} has no flag `--{}`", shown(written));
            return Some(Fault { span: flag.span, kind: SyntaxErrorKind::UnknownFlag, message, help: Some(help) });
        };
        if rule.1 != Takes::List && seen.contains(&written) {
            return Some(fault(flag.span, format!("`--{written}` is given twice"), "keep one of them"));
        }
        seen.push(written);
        let found = match rule.1 {
            Takes::Bool => boolean(flag),
            _ if flag.value.is_none() => {
                Some(fault(flag.span, format!("`--{written}` has no value"), &format!("write `--{written}=value`")))
            }
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

fn boolean(flag: &Flag) -> Option<Fault> {
    let value = flag.value.as_ref()?;
    if matches!(value.to_lowercase().as_str(), "true" | "false") {
        return None;
    }
    let name = &flag.name.value;
    let help = format!("write `--{name}`, `--{name}=true` or `--{name}=false`");
    Some(fault(flag.span, format!("`--{name}={}` is neither true nor false", shown(value)), &help))
}

fn stage_name(i: &Instruction) -> Option<Fault> {
    let Op::From(from) = &i.op else {
        return Some(fault(i.word.span, "FROM names no image", "write `FROM image` or `FROM image AS name`"));
    };
    let Some(name) = from.name.as_ref().filter(|_| i.arg_count() == 3) else {
        if i.arg_count() == 1 {
            return None;
        }
        let help = "write `FROM image` or `FROM image AS name`; a comment needs a line of its own";
        return Some(fault(i.rest.span, format!("FROM has {} words, it takes one, or three with AS in the middle", i.arg_count()), help));
    };
    let lower = name.to_lowercase();
    let mut chars = lower.chars();
    let begins = chars.next().is_some_and(|c| c.is_ascii_lowercase());
    let goes_on = chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.'));
    (!begins || !goes_on).then(|| {
        let help = "a stage name begins with a letter and goes on with letters, digits, `-`, `_` and `.`";
        fault(name.span, format!("`{}` is no name for a stage", shown(name)), help)
    })
}

fn blank_key(i: &Instruction) -> Option<Fault> {
    let (Op::Env(pairs) | Op::Label(pairs) | Op::Arg(pairs)) = &i.op else { return None };
    let pair = pairs.iter().find(|p| p.key.is_empty())?;
    Some(fault(pair.span, format!("{} has a value without a name", i.keyword.name()), "write `name=value`, without blanks around `=`"))
}

fn arity_of_copy(i: &Instruction) -> Option<Fault> {
    let name = i.keyword.name();
    match i.args().as_slice() {
        [] => Some(fault(i.word.span, format!("{name} has no source and no destination"), &format!("write `{name} source destination`"))),
        [only] => Some(fault(
            i.rest.span,
            format!("{name} `{}` has no destination", shown(only)),
            &format!("write `{name} {} destination`", shown(only)),
        )),
        _ => None,
    }
}

fn heredoc_destination(i: &Instruction) -> Option<Fault> {
    let args = i.args();
    let dest = args.last()?;
    heredoc::opener(dest)?;
    let name = i.keyword.name();
    Some(fault(
        i.rest.span,
        format!("The destination of {name} is the heredoc `{}`", shown(dest)),
        "name the destination last: `<<EOF /path`",
    ))
}

fn run_flags(i: &Instruction) -> Option<Fault> {
    let named = |name: &'static str| i.flags.iter().filter(move |f| f.name.value == name);
    // Devices, mounts, network, security: the order in which the builder looks.
    let other = |f: mount::Fault| Fault { span: f.span, kind: SyntaxErrorKind::Syntax, message: f.message, help: f.help };
    let one_of = |name: &'static str, values: &[&str]| {
        let flag = named(name).next()?;
        let value = flag.value.as_ref()?;
        let options = values.iter().map(|v| format!("`{v}`")).collect::<Vec<_>>().join(", ");
        let message = format!("`--{name}={}` is not known", shown(value));
        (!values.contains(&value.value.as_str())).then(|| fault(flag.span, message, &format!("use one of {options}")))
    };
    let device = || named("device").find_map(mount::device_fault).map(other);
    let mounts = || named("mount").find_map(mount::mount_fault).map(other);
    device()
        .or_else(mounts)
        .or_else(|| one_of("network", &["default", "none", "host"]))
        .or_else(|| one_of("security", &["sandbox", "insecure"]))
}

fn empty_volume(i: &Instruction) -> Option<Fault> {
    let Op::Volume(paths) = &i.op else { return None };
    let empty = paths.iter().find(|p| p.trim().is_empty())?;
    Some(fault(empty.span, "VOLUME has an empty path", "name the folder, or drop the entry"))
}

fn shell(i: &Instruction) -> Option<Fault> {
    let help = "write `SHELL [\"/bin/bash\", \"-c\"]`";
    match &i.op {
        _ if i.args_are_missing() => Some(fault(i.word.span, "SHELL names no program", help)),
        Op::Shell(_) => None,
        _ => Some(fault(i.rest.span, "SHELL takes the JSON form only", help)),
    }
}

fn trigger(i: &Instruction) -> Option<Fault> {
    let Op::Onbuild(inner) = &i.op else { return None };
    let name = inner.word.trim().to_uppercase();
    let message = match name.as_str() {
        "ONBUILD" => "ONBUILD holds another ONBUILD",
        "FROM" => "ONBUILD cannot hold back a FROM",
        "MAINTAINER" => "ONBUILD cannot hold back a MAINTAINER",
        _ => return None,
    };
    Some(fault(inner.word.span, message, "give it an instruction that the child build can run, such as RUN or COPY"))
}

fn healthcheck(i: &Instruction) -> Option<Fault> {
    let args = i.args();
    let kind = args.first().map(|k| k.to_uppercase()).unwrap_or_default();
    if kind == "NONE" {
        return (args.len() > 1)
            .then(|| fault(i.rest.span, "HEALTHCHECK NONE has arguments, it takes none", "write `HEALTHCHECK NONE` alone"));
    }
    if let Some(found) = flags(i) {
        return Some(found);
    }
    if kind != "CMD" {
        let message = format!("HEALTHCHECK begins with `{}`, it takes CMD or NONE", shown(args.first().copied().unwrap_or_default()));
        return Some(fault(i.rest.span, message, "write `HEALTHCHECK [flags] CMD command`"));
    }
    let empty = match &i.op {
        Op::Healthcheck(Some(Form::Exec(words))) => words.is_empty(),
        _ => args.len() < 2,
    };
    if empty {
        return Some(fault(i.rest.span, "HEALTHCHECK CMD has no command", "write the command behind CMD"));
    }
    ["interval", "timeout", "start-period", "start-interval"].into_iter().find_map(|name| duration_flag(i, name)).or_else(|| retries(i))
}

fn duration_flag(i: &Instruction, name: &str) -> Option<Fault> {
    let flag = i.flag(name)?;
    let value = flag.value.as_ref().filter(|v| !v.is_empty())?;
    let shown = shown(value);
    match nanoseconds(value, false) {
        None => {
            let help = "write a number with its unit, such as 30s, 1m30s or 500ms";
            Some(fault(flag.span, format!("`{shown}` is no duration"), help))
        }
        Some(0) => None,
        Some(n) if n < 1_000_000 => {
            Some(fault(flag.span, format!("`--{name}={shown}` is below one millisecond"), "use 1ms or more, or 0 for the default"))
        }
        Some(_) => None,
    }
}

fn retries(i: &Instruction) -> Option<Fault> {
    let flag = i.flag("retries")?;
    let value = flag.value.as_ref().filter(|v| !v.is_empty())?;
    let help = "write a whole number, 0 for the default";
    match value.parse::<i32>() {
        Ok(n) if n >= 0 => None,
        Ok(_) => Some(fault(flag.span, format!("`--retries={}` is negative", shown(value)), help)),
        Err(_) => Some(fault(flag.span, format!("`--retries={}` is no number", shown(value)), help)),
    }
}
