//! Sentences and pages of the checks as elements: backticks, and the little Markdown of the rules'
//! pages. Text only ever becomes text nodes.

use crate::ui::prelude::*;

/// A sentence whose words between backticks are code.
pub(crate) fn prose(text: &str) -> Vec<AnyView> {
    pieces(text)
        .into_iter()
        .map(|(is_code, piece)| {
            if is_code {
                view! { <code>{piece.to_owned()}</code> }.into_any()
            } else {
                piece.to_owned().into_any()
            }
        })
        .collect()
}

/// The pieces of a sentence, and whether each is code. A backtick without its twin is a sign.
fn pieces(text: &str) -> Vec<(bool, &str)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('`') {
        let Some((code, after)) = behind.split_once('`') else {
            break;
        };
        found.push((false, before));
        found.push((true, code));
        rest = after;
    }
    found.push((false, rest));
    found.retain(|(_, piece)| !piece.is_empty());
    found
}

/// A part of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Block {
    Heading(String),
    Paragraph(String),
    Items(Vec<String>),
    Code(String),
}

/// A page of headings, paragraphs, lists and code blocks as elements, its headings from `h3`.
pub(crate) fn page(markdown: &str) -> Vec<AnyView> {
    blocks(markdown)
        .into_iter()
        .map(|block| match block {
            Block::Heading(text) => view! { <h3>{prose(&text)}</h3> }.into_any(),
            Block::Paragraph(text) => view! { <p>{prose(&text)}</p> }.into_any(),
            Block::Items(items) => {
                let items = items.iter().map(|item| view! { <li>{prose(item)}</li> });
                view! { <ul>{items.collect_view()}</ul> }.into_any()
            }
            // A block that scrolls is reached by the keyboard too.
            Block::Code(text) => view! { <pre tabindex="0"><code>{text}</code></pre> }.into_any(),
        })
        .collect()
}

fn blocks(markdown: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut lines = markdown.lines();
    // Whether the next line of text goes on with the block before it.
    let mut open = false;
    while let Some(line) = lines.next() {
        let text = line.trim();
        if text.starts_with("```") {
            let code = lines.by_ref().take_while(|line| line.trim() != "```");
            found.push(Block::Code(code.collect::<Vec<_>>().join("\n")));
            open = false;
        } else if text.is_empty() {
            open = false;
        } else if text.starts_with('#') {
            let title = text.trim_start_matches('#').trim();
            found.push(Block::Heading(title.to_owned()));
            open = false;
        } else if let Some(item) = text.strip_prefix("- ").or_else(|| text.strip_prefix("* ")) {
            match found.last_mut() {
                Some(Block::Items(items)) if open => items.push(item.to_owned()),
                _ => found.push(Block::Items(vec![item.to_owned()])),
            }
            open = true;
        } else {
            let last = match found.last_mut() {
                Some(Block::Paragraph(paragraph)) if open => Some(paragraph),
                Some(Block::Items(items)) if open => items.last_mut(),
                _ => None,
            };
            match last {
                Some(last) => {
                    last.push(' ');
                    last.push_str(text);
                }
                None => found.push(Block::Paragraph(text.to_owned())),
            }
            open = true;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backticks_come_in_pairs() {
        assert_eq!(
            pieces("`a.b` gives 768, `c`"),
            [(true, "a.b"), (false, " gives 768, "), (true, "c")]
        );
        assert_eq!(pieces("a ` b"), [(false, "a ` b")]);
    }

    #[test]
    fn a_page_is_headings_paragraphs_lists_and_code() {
        let page = "One line\nand its rest.\n\n## Why\nBecause:\n\n- a\n  more\n- b\n\n```yaml\na: 1\n\n# b\n```\n";
        assert_eq!(
            blocks(page),
            [
                Block::Paragraph("One line and its rest.".to_owned()),
                Block::Heading("Why".to_owned()),
                Block::Paragraph("Because:".to_owned()),
                Block::Items(vec!["a more".to_owned(), "b".to_owned()]),
                Block::Code("a: 1\n\n# b".to_owned()),
            ]
        );
    }

    #[test]
    fn every_page_of_the_rules_is_read_whole() {
        for rule in modelspec_core::check::RULES {
            let code = blocks(&rule.markdown())
                .into_iter()
                .filter(|block| matches!(block, Block::Code(_)))
                .count();
            assert!(code >= 2, "{}", rule.code);
        }
    }
}
