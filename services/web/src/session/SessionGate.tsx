/** Lets the app be seen by who is signed in; others are asked for a token. */
import { createContext, type ReactNode, useContext, useMemo, useState } from "react";
import { forgetSession, keepSession, restoreSession, type Session } from "./session";
import { SignIn } from "./SignIn";

interface Signed {
  readonly session: Session;
  /** Forgets the token; `why` is told at the sign-in. */
  readonly signOut: (why?: string) => void;
}

const SignedContext = createContext<Signed | null>(null);

export function useSigned(): Signed {
  const signed = useContext(SignedContext);
  if (!signed) throw new Error("only inside SessionGate");
  return signed;
}

export function SessionGate({ children }: { children: ReactNode }) {
  const [session, setSession] = useState(restoreSession);
  const [why, setWhy] = useState("");
  const signed = useMemo(() => {
    if (!session) return null;
    const signOut = (reason = "") => {
      forgetSession();
      setWhy(reason);
      setSession(null);
    };
    return { session, signOut };
  }, [session]);
  if (!signed) {
    const enter = (entered: Session) => {
      keepSession(entered);
      setSession(entered);
    };
    return <SignIn why={why} onSession={enter} />;
  }
  return <SignedContext value={signed}>{children}</SignedContext>;
}
