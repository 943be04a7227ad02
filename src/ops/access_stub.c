/* Roles alone, until ops/access.c is there: this file then goes, and its name in src/meson.build. */
#include "ops/access.h"
#include <stdio.h>
#include "base/map.h"
#include "base/crypt.h"
struct access { struct arena arena; const struct access_default *d; size_t n; };
struct access *access_new(const struct json *tree, const char *file, const struct access_default *defaults, size_t count, struct err *err){(void)tree;(void)file;(void)err;
 struct access *a=mem_new(sizeof *a);arena_init(&a->arena);struct access_default*c=arena_alloc(&a->arena,count*sizeof*c);for(size_t i=0;i<count;i++){c[i].text=arena_dup(&a->arena,defaults[i].text);c[i].from=arena_dup(&a->arena,defaults[i].from);}a->d=c;a->n=count;return a;}
void access_free(struct access *a){if(!a)return;arena_done(&a->arena);mem_free(a);}
static struct str need(const struct access*a,const struct command_spec*s,struct str*rule){char head[200];snprintf(head,sizeof head,"allow %.*s:%.*s need role ",STR_ARG(s->plugin),STR_ARG(s->path));for(size_t i=0;i<a->n;i++)if(str_starts(a->d[i].text,str_of(head))){*rule=a->d[i].text;return str_n(a->d[i].text.p+strlen(head),a->d[i].text.n-strlen(head));}*rule=S("");return S("nobody");}
void access_decide(const struct access *a, struct arena *arena, const struct typed_call *call, const struct access_facts *facts, struct verdict *out){enum role r=9;*out=(struct verdict){0};role_parse(need(a,call->spec,&out->rule),&r);out->allowed=facts->role>=r;out->why=out->allowed?S(""):arena_printf(arena,"`%.*s` needs the role %s; yours is %s. An admin can change that",STR_ARG(call->spec->words),role_name(r),role_name(facts->role));}
void access_explain(const struct access *a, struct arena *arena, const struct typed_call *call, const struct access_facts *facts, struct verdict *out,struct rule_trace **rules, size_t *count){access_decide(a,arena,call,facts,out);*rules=NULL;*count=0;}
bool access_could(const struct access *a, const struct command_spec *spec, const struct access_facts *facts){struct str t;enum role r=9;role_parse(need(a,spec,&t),&r);return facts->role>=r;}
bool access_has_perm(const struct access *a, struct str perm, const struct access_facts *facts){(void)a;(void)perm;return facts->role>=ROLE_ADMIN;}
bool access_in_sets(const struct access *a, const struct str *sets, size_t count, const struct access_facts *facts){(void)a;for(size_t i=0;i<count;i++){enum role r;if(str_starts(sets[i],S("role:"))&&role_parse(str_n(sets[i].p+5,sets[i].n-5),&r)&&facts->role>=r)return true;}return false;}
