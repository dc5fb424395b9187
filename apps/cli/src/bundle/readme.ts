/** README.txt of a bundle: for whoever opens the zip by hand. */
export const README = `This is a CAP bundle (cap-bundle.v3): a proof that the rules of a policy hold for lists
that only the prover has.

  cap verify BUNDLE.zip --policy YOUR-POLICY.json --trust trust.json

judges it by your policy. The copies of policy and disclosure in here are for reading
only; nothing is judged by them.

Dies ist ein CAP-Bündel (cap-bundle.v3): ein Beweis, dass die Regeln einer Richtlinie für
Listen gelten, die nur der Aussteller hat.

  cap verify BUENDEL.zip --policy IHRE-RICHTLINIE.json --trust trust.json --lang de

beurteilt es nach Ihrer Richtlinie. Die Kopien von Richtlinie und Offenlegung hier drin
dienen nur dem Lesen; nichts wird nach ihnen beurteilt.
`;
