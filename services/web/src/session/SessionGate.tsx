/** Lets the app be seen by who is signed in; others are asked for a token. */
import type { ListedWorkspace } from "@agentbus/contracts";
import { createContext, type ReactNode, useContext, useMemo, useState } from "react";
import { arrivingSession, forgetSession, keepSession, keptSession, type Session, within } from "./session";
import { SignIn } from "./SignIn";

interface Signed {
  readonly session: Session;
  /** Forgets the token; `why` is told at the sign-in. */
  readonly signOut: (why?: string) => void;
  /** Goes on in another workspace of the token's, from its first page. */
  readonly switchTo: (workspace: ListedWorkspace) => void;
}

const SignedContext = createContext<Signed | null>(null);

export function useSigned(): Signed {
  const signed = useContext(SignedContext);
  if (!signed) throw new Error("only inside SessionGate");
  return signed;
}

export function SessionGate({ children }: { children: ReactNode }) {
  const [arriving] = useState(arrivingSession);
  const [session, setSession] = useState(() => {
    if (arriving?.workspaceId) keepSession(arriving);
    return arriving?.named ? null : keptSession();
  });
  const [why, setWhy] = useState("");
  const signed = useMemo(() => {
    if (!session) return null;
    const signOut = (reason = "") => {
      forgetSession();
      setWhy(reason);
      setSession(null);
    };
    const switchTo = (workspace: ListedWorkspace) => {
      keepSession(within(session, workspace));
      location.assign("/");
    };
    return { session, signOut, switchTo };
  }, [session]);
  if (!signed) {
    const enter = (entered: Session) => {
      keepSession(entered);
      setSession(entered);
    };
    return <SignIn why={why} arriving={why === "" ? (arriving?.token ?? "") : ""} onSession={enter} />;
  }
  return <SignedContext value={signed}>{children}</SignedContext>;
}
