/** README.txt of a bundle: for whoever opens the zip by hand. */
export const README = `This is a CAP bundle (cap-bundle.v3): commitments of a company to its lists, and a proof
about the rows behind them. It does not show whether these rows are true and complete.

  cap verify BUNDLE.zip --policy YOUR-POLICY.json --trust trust.json

verifies it by your policy. The copies of policy, reference lists and disclosure in here are
for reading. By the policy in here alone every rule is at best claimed, and a list counts
only if your trust store names its hash.

Dies ist ein CAP-Bündel (cap-bundle.v3): Festlegungen eines Unternehmens auf seine Listen
und ein Beweis über die Zeilen dahinter. Ob diese wahr und vollständig sind, zeigt er nicht.

  cap verify BUENDEL.zip --policy IHRE-RICHTLINIE.json --trust trust.json --lang de

beurteilt es nach Ihrer Richtlinie. Die Kopien von Richtlinie, Referenzlisten und
Offenlegung hier drin dienen dem Lesen. Nach der Richtlinie hier drin allein ist jede Regel
bestenfalls behauptet, und eine Liste zählt nur, wenn Ihr Vertrauensspeicher ihre Prüfsumme
nennt.
`;
