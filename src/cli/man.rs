//! `stacklint man`.

use clap::CommandFactory;
use clap_mangen::Man;

use super::Failure;

/// The page of the program, and a section for each command.
pub(super) fn run() -> Result<u8, Failure> {
    let mut program = super::Cli::command();
    program.build();
    let mut page = Vec::new();
    render(&Man::new(program.clone()), &mut page).map_err(|e| e.to_string())?;
    for command in program.get_subcommands().filter(|command| command.get_name() != "help") {
        section(command.get_name(), &Man::new(command.clone()), &mut page).map_err(|e| e.to_string())?;
    }
    super::print(&String::from_utf8_lossy(&page));
    Ok(0)
}

fn render(man: &Man, page: &mut Vec<u8>) -> std::io::Result<()> {
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)
}

/// A command's synopsis and options under one heading: its own headings become headings within.
fn section(name: &str, man: &Man, page: &mut Vec<u8>) -> std::io::Result<()> {
    let mut own = Vec::new();
    man.render_synopsis_section(&mut own)?;
    man.render_options_section(&mut own)?;
    let text = String::from_utf8_lossy(&own).replace(".SH ", ".SS ");
    page.extend_from_slice(format!(".SH STACKLINT {}\n", name.to_uppercase()).as_bytes());
    page.extend_from_slice(text.as_bytes());
    Ok(())
}
