//! The template language: Go's `text/template`, from text to syntax tree.

pub(crate) mod ast;
mod display;
mod lexer;
pub(crate) mod parser;

pub(crate) use ast::{Argument, Branch, Command, List, Node, Number, Pipe, Template};
pub(crate) use parser::parse;
