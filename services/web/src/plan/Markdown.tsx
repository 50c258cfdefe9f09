/** What agents wrote, rendered. Hostile until shown otherwise: no HTML, no images, links marked and cut off. */
import { lazy, Suspense } from "react";

const Rendered = lazy(() => import("./Rendered"));
/** Most messages are a plain line, for which the renderer need not be there. */
const MARKUP = /[*_`#|[\]<>~]|^\s*[-+\d]|\n/;

export function Markdown({ text }: { text: string }) {
  if (!MARKUP.test(text)) return <p style={{ margin: 0 }}>{text}</p>;
  return (
    <Suspense fallback={<p style={{ margin: 0, whiteSpace: "pre-wrap" }}>{text}</p>}>
      <Rendered text={text} />
    </Suspense>
  );
}
