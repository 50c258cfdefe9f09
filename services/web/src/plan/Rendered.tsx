/** Loaded by Markdown.tsx when there is markup. react-markdown makes elements, never HTML, and drops unsafe addresses. */
import { Typography } from "@mantine/core";
import { IconExternalLink } from "@tabler/icons-react";
import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";
import classes from "./Plan.module.css";

const COMPONENTS: Components = {
  a: ({ href, children }) => (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow" title={href}>
      {children}
      <IconExternalLink size={12} aria-label="opens elsewhere" role="img" />
    </a>
  ),
  img: ({ alt, src }) => <code>{`[image ${alt ?? ""} ${typeof src === "string" ? src : ""}]`}</code>,
  h1: ({ children }) => <h3>{children}</h3>,
  h2: ({ children }) => <h4>{children}</h4>,
  h3: ({ children }) => <h5>{children}</h5>,
  table: ({ children }) => (
    <div className={classes.table} tabIndex={0} role="region" aria-label="Table">
      <table>{children}</table>
    </div>
  ),
};

export default function Rendered({ text }: { text: string }) {
  return (
    <Typography className={classes.markdown}>
      <ReactMarkdown remarkPlugins={[remarkGfm]} components={COMPONENTS}>
        {text}
      </ReactMarkdown>
    </Typography>
  );
}
